//! The two clocks of a measurement. Touch it when more than one thread is to be measured.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// CPU time and time by the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Spent {
    pub cpu: Duration,
    pub wall: Duration,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.cpu += other.cpu;
        self.wall += other.wall;
    }
}

/// What this thread has had of a core so far.
pub(super) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// Runs something and tells what it took.
pub(super) fn timed<T>(what: impl FnOnce() -> T) -> (T, Spent) {
    let (cpu_then, then) = (cpu(), Instant::now());
    let made = what();
    (made, Spent { wall: then.elapsed(), cpu: cpu().saturating_sub(cpu_then) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleeping_takes_time_and_no_core() {
        let ((), spent) = timed(|| std::thread::sleep(Duration::from_millis(50)));
        assert!(spent.wall >= Duration::from_millis(50));
        assert!(spent.cpu < spent.wall / 2, "{spent:?}");
        let (sum, worked) = timed(|| (0..2_000_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
        assert!(worked.cpu > Duration::ZERO, "{sum}");
    }
}
