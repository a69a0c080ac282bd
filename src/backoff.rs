//! How long to wait before the next try: doubling, bounded, and not the same for everyone.
//! Touch it when trying again must go by another rule; who tries says how long.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Waiting times between tries.
#[derive(Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    due: Duration,
}

impl Backoff {
    /// Waits that double from `first` to `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, due: first }
    }

    /// Begins again with the shortest: it has worked.
    pub fn reset(&mut self) {
        self.due = self.first;
    }

    /// Between half of what is due and the whole of it, so that many do not ask at the same moment.
    pub fn wait(&mut self) -> Duration {
        let due = self.due;
        self.due = (due * 2).min(self.longest);
        // The random seed of a hash map is all the chance needed here.
        let share = RandomState::new().hash_one(0_u8) as f64 / u64::MAX as f64;
        due.mul_f64(0.5 + share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_again() {
        let second = Duration::from_secs(1);
        let mut backoff = Backoff::new(second, 5 * second);
        for due in [1, 2, 4, 5, 5] {
            let wait = backoff.wait();
            assert!(wait >= due * second / 2 && wait <= due * second, "{wait:?} of {due} s");
        }
        backoff.reset();
        assert!(backoff.wait() <= second);
    }
}
