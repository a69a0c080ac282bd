//! How many subscribers there are: each has a seat for as long as it stays.
//! Touch it when subscribers are to be counted otherwise. The limit may change at any time and takes nobody's seat.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The seats taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats(Arc<AtomicUsize>);

/// One seat; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<AtomicUsize>);

impl Seats {
    /// None taken, counted here.
    pub(super) fn counted_in(count: Arc<AtomicUsize>) -> Self {
        Self(count)
    }

    /// A seat, unless `most` or more are taken.
    pub(super) fn take(&self, most: usize) -> Option<Seat> {
        let one_more = |taken: usize| (taken < most).then_some(taken + 1);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.ok().map(|_| Seat(Arc::clone(&self.0)))
    }

    /// How many are taken now.
    pub(super) fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_limit_refuses_and_takes_nothing_away() {
        let seats = Seats::default();
        let held: Vec<_> = (0..3).map(|_| seats.take(3).expect("a seat")).collect();
        assert!(seats.take(3).is_none() && seats.take(1).is_none());
        assert_eq!(seats.taken(), 3);
        drop(held);
        assert_eq!(seats.taken(), 0);
        let one = seats.take(1).expect("a seat");
        assert!(seats.take(1).is_none());
        drop(one);
    }
}
