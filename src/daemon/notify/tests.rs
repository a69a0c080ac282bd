//! What is sent and when, over a real socket and a clock of the test's own.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use super::super::progress::SourceFacts;
use super::super::progress::tests::live;
use super::*;
use crate::event::SourceState;

struct Manager {
    socket: UnixDatagram,
    notifier: Notifier,
    start: Instant,
    _place: temp_dir::TempDir,
}

impl Manager {
    fn new(watchdog: Option<Duration>) -> Self {
        let place = temp_dir::TempDir::new().expect("a folder");
        let path = place.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("bound");
        socket.set_nonblocking(true).expect("set");
        let start = Instant::now();
        let notifier = Notifier::new(Socket::open(path.as_os_str()).ok(), watchdog, start);
        Self { socket, notifier, start, _place: place }
    }

    fn heard(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut bytes = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut bytes) {
            let text = std::str::from_utf8(&bytes[..length]).expect("UTF-8");
            lines.extend(text.lines().map(str::to_owned));
        }
        lines
    }

    /// Ticks at so many seconds after the start; what was heard but for the status.
    fn at(&mut self, seconds: f64, facts: &Facts) -> Vec<String> {
        let now = self.start + Duration::from_secs_f64(seconds);
        let next = self.notifier.tick_at(facts, now);
        assert!(next <= WHILE_READY);
        self.heard().into_iter().filter(|line| !line.starts_with("STATUS=")).collect()
    }
}

fn with(sources: Vec<SourceFacts>) -> Facts {
    Facts { sources, subscribers: 2, ..Facts::default() }
}

fn away(name: &str, state: SourceState) -> SourceFacts {
    SourceFacts { state, reason: Some("it is unplugged".into()), windows: 0, owing: None, ..live(name) }
}

fn fresh(name: &str) -> SourceFacts {
    SourceFacts { windows: 0, genre: None, ..live(name) }
}

#[test]
fn ready_is_told_once_and_with_the_first_window() {
    let mut manager = Manager::new(None);
    for seconds in [0.0, 5.0, 14.0, 16.0, 59.0] {
        assert!(manager.at(seconds, &with(vec![fresh("mic")])).is_empty());
    }
    assert_eq!(manager.at(59.1, &with(vec![away("a", SourceState::Failed), live("mic")])), ["READY=1"]);
    assert!(manager.at(59.2, &with(vec![live("mic")])).is_empty());
}

#[test]
fn a_boot_does_not_wait_for_what_cannot_come() {
    use SourceState::{Ended, Failed, Reconnecting, Stalled};
    for state in [Reconnecting, Stalled, Failed, Ended] {
        let mut manager = Manager::new(None);
        assert!(manager.at(14.9, &with(vec![away("mic", state), away("b", Failed)])).is_empty());
        assert_eq!(manager.at(15.0, &with(vec![away("mic", state), away("b", Failed)])), ["READY=1"]);
    }
    // While there is hope it waits for longer, but less than systemd does.
    let mut manager = Manager::new(None);
    assert!(manager.at(59.9, &with(vec![away("mic", Reconnecting), fresh("stdin")])).is_empty());
    assert_eq!(manager.at(60.0, &with(vec![away("mic", Reconnecting), fresh("stdin")])), ["READY=1"]);
}

#[test]
fn the_watchdog_is_fed_every_third_of_its_time_while_there_is_progress() {
    let mut manager = Manager::new(Some(Duration::from_secs(30)));
    let facts =
        |turns| Facts { turns: HashMap::from([("dsp-0".to_owned(), turns)]), ..with(vec![live("mic")]) };
    assert_eq!(manager.at(0.0, &facts(1)), ["READY=1", "WATCHDOG=1"]);
    assert!(manager.at(9.9, &facts(5)).is_empty());
    assert_eq!(manager.at(10.0, &facts(5)), ["WATCHDOG=1"]);
    // The thread stands still.
    assert!(manager.at(20.0, &facts(5)).is_empty());
    assert!(manager.at(29.0, &facts(5)).is_empty());
    // It turns again: told soon, not a third later.
    assert_eq!(manager.at(30.1, &facts(6)), ["WATCHDOG=1"]);
    let late = SourceFacts { owing: Some(Duration::from_secs(11)), ..live("mic") };
    assert!(manager.at(41.0, &Facts { sources: vec![late], ..facts(7) }).is_empty());
    // A source that is away is nothing that a restart could mend.
    let gone = away("mic", SourceState::Reconnecting);
    assert_eq!(manager.at(42.1, &Facts { sources: vec![gone], ..facts(8) }), ["WATCHDOG=1"]);
}

#[test]
fn a_reload_is_told_around_the_work_but_never_makes_us_ready() {
    let mut manager = Manager::new(None);
    manager.notifier.reloading();
    manager.notifier.reloaded();
    assert!(manager.heard().is_empty());
    manager.at(0.0, &with(vec![live("mic")]));
    manager.notifier.reloading();
    let heard = manager.heard();
    assert_eq!((heard.len(), heard[0].as_str()), (2, "RELOADING=1"));
    let clock = heard[1].strip_prefix("MONOTONIC_USEC=").expect("the time");
    assert!(clock.parse::<u64>().is_ok_and(|time| time > 0), "{clock}");
    manager.notifier.reloaded();
    assert_eq!(manager.heard(), ["READY=1"]);
    manager.notifier.stopping();
    assert_eq!(manager.heard(), ["STOPPING=1", "STATUS=ending"]);
}

#[test]
fn the_status_is_what_a_person_would_say_and_told_when_it_changes() {
    let mut manager = Manager::new(None);
    let mut status = |seconds: f64, facts: &Facts| {
        let _ = manager.notifier.tick_at(facts, manager.start + Duration::from_secs_f64(seconds));
        manager.heard().into_iter().find(|line| line.starts_with("STATUS="))
    };
    let starting = SourceFacts { state: SourceState::Starting, ..fresh("mic") };
    assert_eq!(status(0.0, &with(vec![starting])).as_deref(), Some("STATUS=starting: mic starting"));
    let playing = with(vec![live("mic")]);
    assert_eq!(status(1.0, &playing).as_deref(), Some("STATUS=listening: mic live, jazz; 2 subscribers"));
    assert_eq!(status(2.0, &playing), None);
    let gone = Facts { subscribers: 1, ..with(vec![away("mic", SourceState::Reconnecting)]) };
    assert_eq!(status(3.0, &gone).as_deref(), Some("STATUS=waiting for mic: it is unplugged; 1 subscriber"));
    // What a source says cannot become a message of ours.
    let reason = Some("x\nSTOPPING=1".into());
    let sly = with(vec![SourceFacts { reason, ..away("mic", SourceState::Failed) }]);
    assert_eq!(status(4.0, &sly).as_deref(), Some("STATUS=mic failed: x STOPPING=1; 2 subscribers"));
    assert_eq!(status(5.0, &with(vec![])).as_deref(), Some("STATUS=no source is configured; 2 subscribers"));
    let many = with((0..10).map(|n| live(&format!("s{n}"))).collect());
    assert!(
        status(6.0, &many).is_some_and(|line| line.contains("s7 live") && line.contains("; and 2 more;"))
    );
}

#[test]
fn nobody_to_tell_and_somebody_who_does_not_read_do_no_harm() {
    let mut nobody = Notifier::new(None, Some(Duration::from_secs(3)), Instant::now());
    assert_eq!(nobody.tick(|| with(vec![live("mic")])), None);
    nobody.stopping();

    let name = format!("genrecast-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let deaf = UnixDatagram::bind_addr(&address).expect("bound");
    let socket = Socket::open(format!("@{name}").as_ref()).expect("opened");
    let mut notifier = Notifier::new(Some(socket), None, Instant::now());
    notifier.stopping();
    let mut bytes = [0; 64];
    let length = deaf.recv(&mut bytes).expect("told");
    assert!(bytes[..length].starts_with(b"STOPPING=1\n"));
    drop(deaf);
    // Its socket is gone.
    notifier.stopping();
}
