//! How fast a client may talk. Touch it when clients have more to say.

use std::time::Duration;

use tokio::time::Instant;

/// Messages, pings and pongs that may come at once,
const AT_ONCE: u32 = 200;

/// and how long it takes until one more may come.
const EACH: Duration = Duration::from_millis(50);

/// Of one client: the moment up to which what it has said is paid for.
#[derive(Debug)]
pub(super) struct Pace(Instant);

impl Pace {
    /// Of one that has said nothing yet.
    pub(super) fn new() -> Self {
        Self(Instant::now())
    }

    /// Takes one more; false if that is too much.
    pub(super) fn keeps(&mut self) -> bool {
        self.keeps_at(Instant::now())
    }

    fn keeps_at(&mut self, now: Instant) -> bool {
        self.0 = self.0.max(now) + EACH;
        self.0 - now <= EACH * AT_ONCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_or_a_few_for_ever() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        assert!((0..AT_ONCE).all(|_| pace.keeps_at(now)));
        assert!(!pace.keeps_at(now));
        now += EACH * (AT_ONCE + 1);
        for _ in 0..10 * AT_ONCE {
            assert!(pace.keeps_at(now));
            now += EACH;
        }
    }
}
