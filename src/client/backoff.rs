//! How long to wait before the next try: doubling, bounded, and never the same for everyone.
//! Touch it when reconnecting is too eager or too slow.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Waiting times between tries.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { next: FIRST }
    }

    /// Begin again with the shortest: it has worked.
    pub(super) fn reset(&mut self) {
        self.next = FIRST;
    }

    /// Between half of the time that is due and the whole.
    pub(super) fn wait(&mut self) -> Duration {
        let due = self.next;
        self.next = (due * 2).min(LONGEST);
        // The seed of a hash map is all the chance needed here.
        let share = RandomState::new().hash_one(0_u8) as f64 / u64::MAX as f64;
        due.mul_f64(0.5 + share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_again() {
        let mut backoff = Backoff::new();
        let mut due = FIRST;
        for _ in 0..12 {
            let wait = backoff.wait();
            assert!(wait >= due / 2 && wait <= due, "{wait:?} of {due:?}");
            due = (due * 2).min(LONGEST);
        }
        assert_eq!(due, LONGEST);
        backoff.reset();
        assert!(backoff.wait() <= FIRST);
    }
}
