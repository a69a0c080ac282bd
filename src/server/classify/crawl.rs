//! Whether a clip comes at a pace at which it will ever be there. Touch it when a slower one is to be waited for.

use std::time::Duration;

/// Fewest bytes of a clip that must come in the time for which nothing may.
pub(super) const LEAST: usize = 16 << 10;

/// What has come of a clip, and how long the network was waited for meanwhile. A decoder may be slow.
pub(super) struct Crawl {
    idle: Duration,
    waited: Duration,
    came: usize,
}

impl Crawl {
    /// Of a clip of which nothing may come for so long.
    pub fn new(idle: Duration) -> Self {
        Self { idle, waited: Duration::ZERO, came: 0 }
    }

    /// So many bytes have come after so long; true if that is too slow.
    pub fn is_too_slow(&mut self, waited: Duration, bytes: usize) -> bool {
        self.waited += waited;
        self.came += bytes;
        if self.waited < self.idle {
            return false;
        }
        let too_few = self.came < LEAST;
        (self.waited, self.came) = (Duration::ZERO, 0);
        too_few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pieces it is too slow.
    fn given_up(pieces: impl IntoIterator<Item = (u64, usize)>) -> Option<usize> {
        let mut crawl = Crawl::new(Duration::from_secs(20));
        let mut pieces = pieces.into_iter();
        pieces.position(|(waited_ms, bytes)| crawl.is_too_slow(Duration::from_millis(waited_ms), bytes))
    }

    #[test]
    fn a_clip_of_a_few_bytes_at_a_time_is_given_up_and_a_slow_one_is_not() {
        // 10 bytes each second, and a byte shortly before each limit.
        assert_eq!(given_up(vec![(1000, 10); 100]), Some(19));
        assert_eq!(given_up(vec![(19_000, 1); 100]), Some(1));
        // 1 KiB each second is 20 KiB in the time; so is one piece at its very end.
        assert_eq!(given_up(vec![(1000, 1024); 10_000]), None);
        assert_eq!(given_up(vec![(19_999, 10), (1, LEAST), (5000, LEAST / 4), (15_000, LEAST)]), None);
        // What came fast at first does not pay for the rest.
        assert_eq!(given_up([vec![(0, 1 << 20); 9], vec![(1000, 10); 100]].concat()), Some(9 + 39));
    }
}
