//! How long a demuxer may give packets of other tracks only. Touch it when a film with little sound is given up.

use std::time::{Duration, Instant};

/// So many are nothing, however long they took: a film has some hundreds between two blocks of sound.
const FEW: u32 = 1_000;

/// A table of a track can be made so that each of its packets takes milliseconds; no file of honest people takes so long.
const LONGEST: Duration = Duration::from_secs(10);

/// Packets of other tracks in a row.
pub(super) struct Others {
    since: Instant,
    count: u32,
}

impl Others {
    pub fn new() -> Self {
        Self { since: Instant::now(), count: 0 }
    }

    /// Takes one more; true if there have been many and for long.
    pub fn take_too_long(&mut self) -> bool {
        self.count += 1;
        self.count > FEW && self.since.elapsed() > LONGEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_waited_for_and_many_only_for_a_time() {
        let long_ago = Instant::now() - 2 * LONGEST;
        let mut few = Others { since: long_ago, count: 0 };
        assert!((0..FEW).all(|_| !few.take_too_long()));
        assert!(few.take_too_long());
        let mut quick = Others::new();
        assert!((0..100 * FEW).all(|_| !quick.take_too_long()));
    }
}
