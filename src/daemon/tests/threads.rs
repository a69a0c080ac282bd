//! A thread that panics. Touch it with `threads.rs`.

use std::time::Duration;

use crossbeam_channel::bounded;

use crate::daemon::signals::Ender;
use crate::daemon::threads::Spawner;

#[test]
fn a_thread_that_panics_ends_the_daemon() {
    let (wish, asked) = bounded(1);
    let spawner = Spawner::new(Ender(wish));
    let fine = spawner.spawn("fine", || 1).expect("spawned");
    assert_eq!(fine.join().expect("no panic"), 1);
    assert_eq!(spawner.panicked(), None);
    let thread = spawner.spawn("unlucky", || panic!("on purpose")).expect("spawned");
    assert!(thread.join().is_err());
    asked.recv_timeout(Duration::from_secs(5)).expect("the end is asked for");
    assert_eq!(spawner.panicked().as_deref(), Some("unlucky"));
}
