//! How many subscribers there are: each has a seat for as long as it stays.
//! Touch it when subscribers are to be counted otherwise. The limit may change at any time and takes nobody's seat.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::crowd::Guest;
use super::{Shared, message};

/// The seats taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats(Arc<AtomicUsize>);

/// One seat; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    taken: Arc<AtomicUsize>,
    /// Whoever sits on it, where they are counted by address.
    guest: Option<Guest>,
}

impl Shared {
    /// A seat for somebody for whom a trusted proxy asks from this address, or who came without one; the error says why there
    /// is none.
    pub(super) fn seat(&self, forwarded: Option<IpAddr>) -> Result<Seat, String> {
        let live = self.live();
        let settings = live.settings();
        let guest = forwarded.map(|address| {
            let most = settings.max_connections_per_address;
            let guest = self.forwarded.enter(Some(address), usize::MAX, most);
            guest.map_err(|_| message::full_address(most))
        });
        let guest = guest.transpose()?;
        let mut seat = self.seats.take(settings.max_clients).ok_or_else(|| message::full(self))?;
        seat.guest = guest;
        Ok(seat)
    }
}

impl Seats {
    /// None taken, counted here.
    pub(super) fn counted_in(count: Arc<AtomicUsize>) -> Self {
        Self(count)
    }

    /// A seat, unless `most` or more are taken.
    pub(super) fn take(&self, most: usize) -> Option<Seat> {
        let one_more = |taken: usize| (taken < most).then_some(taken + 1);
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.ok().map(|_| Seat { taken: Arc::clone(&self.0), guest: None })
    }

    /// How many are taken now.
    pub(super) fn taken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::Relaxed);
        self.guest = None;
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
