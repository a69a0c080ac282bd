//! That a daemon stays calm: it takes little of the machine while a microphone is gone, and no more afterwards than
//! before. Touch it when another limit is promised.

use std::time::{Duration, Instant};

use super::daemon::Daemon;
use super::process::within;
use super::usage::Usage;

/// The most lines of its log in a second.
const LINES_A_SECOND: usize = 10;

/// The most of one core that it may take while nothing is heard.
const SHARE: f64 = 0.2;

/// How long threads and descriptors may take to be as before.
const SETTLE: Duration = Duration::from_secs(10);

/// What happens from now on is watched.
pub struct Watch {
    begin: Instant,
    processor: Duration,
}

impl Watch {
    pub fn begin(daemon: &Daemon) -> Self {
        Self { begin: Instant::now(), processor: daemon.processor_time() }
    }

    /// Takes in messages until that long after the beginning, and asserts that log and processor stayed calm.
    pub fn until(self, after: Duration, daemon: &mut Daemon) {
        daemon.listen_until(|| self.begin.elapsed() >= after);
        let share =
            (daemon.processor_time() - self.processor).as_secs_f64() / self.begin.elapsed().as_secs_f64();
        let lines = daemon.lines_since(self.begin);
        let in_a_second = |from: &Instant| {
            lines.iter().filter(|at| **at >= *from && **at < *from + Duration::from_secs(1)).count()
        };
        let most = lines.iter().map(in_a_second).max().unwrap_or(0);
        println!("  without a microphone: {:.1} % of a core, at most {most} lines a second", share * 100.0);
        assert!(share <= SHARE, "{share}");
        assert!(most <= LINES_A_SECOND, "{most}");
    }
}

/// Waits until the daemon has as many threads and descriptors as `before`.
pub fn assert_settles(daemon: &Daemon, before: Usage) {
    let counts = |usage: Usage| (usage.threads, usage.descriptors);
    let (mut begin, mut now) = (Instant::now(), counts(daemon.usage()));
    within(SETTLE + Duration::from_secs(5), "threads and descriptors settle", || {
        let usage = counts(daemon.usage());
        if usage != now {
            (begin, now) = (Instant::now(), usage);
        }
        (now == counts(before) || begin.elapsed() >= SETTLE).then_some(())
    });
    println!("  {} threads, {} descriptors", now.0, now.1);
    assert_eq!(now, counts(before), "threads and descriptors");
}
