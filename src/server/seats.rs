//! How many subscribers there are, and how far each is: each has a seat for as long as it stays.
//! Touch it when subscribers are to be counted otherwise. The limit may change at any time and takes nobody's seat.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::crowd::Guest;
use super::{Shared, message};
use crate::stats::Counter;

/// By what a subscriber is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    WebSocket,
    Sse,
    /// Mel columns, which are a WebSocket, too.
    Mel,
}

impl Transport {
    pub(super) const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::Mel];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Mel => "mel",
        }
    }
}

/// The place of a subscriber that waits for no event.
const NOWHERE: u64 = u64::MAX;

/// The seats taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats(Arc<Hall>);

#[derive(Debug, Default)]
struct Hall {
    taken: Arc<AtomicUsize>,
    by_transport: [AtomicUsize; Transport::ALL.len()],
    seated: [Counter; Transport::ALL.len()],
    refused: Counter,
    gaps: Counter,
    next: AtomicU64,
    /// How far each subscriber is; touched when one comes or goes, and by whoever asks.
    places: Mutex<HashMap<u64, Arc<AtomicU64>>>,
}

/// One seat; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    hall: Arc<Hall>,
    transport: Transport,
    number: u64,
    place: Arc<AtomicU64>,
    /// Whoever sits on it, where they are counted by address.
    guest: Option<Guest>,
}

impl Shared {
    /// A seat for somebody for whom a trusted proxy asks from this address, or who came without one; the error says why there
    /// is none.
    pub(super) fn seat(&self, forwarded: Option<IpAddr>, transport: Transport) -> Result<Seat, String> {
        let live = self.live();
        let settings = live.settings();
        let guest = forwarded.map(|address| {
            let most = settings.max_connections_per_address;
            let guest = self.forwarded.enter(Some(address), usize::MAX, most);
            guest.map_err(|_| {
                self.seats.0.refused.add(1);
                message::full_address(most)
            })
        });
        let guest = guest.transpose()?;
        let mut seat = self.seats.take(settings.max_clients, transport).ok_or_else(|| message::full(self))?;
        seat.guest = guest;
        Ok(seat)
    }
}

impl Seats {
    /// None taken, counted here.
    pub(super) fn counted_in(count: Arc<AtomicUsize>) -> Self {
        Self(Arc::new(Hall { taken: count, ..Hall::default() }))
    }

    /// A seat, unless `most` or more are taken.
    pub(super) fn take(&self, most: usize, transport: Transport) -> Option<Seat> {
        let hall = Arc::clone(&self.0);
        let one_more = |taken: usize| (taken < most).then_some(taken + 1);
        if hall.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_err() {
            hall.refused.add(1);
            return None;
        }
        hall.by_transport[transport as usize].fetch_add(1, Ordering::Relaxed);
        hall.seated[transport as usize].add(1);
        let number = hall.next.fetch_add(1, Ordering::Relaxed);
        let place = Arc::new(AtomicU64::new(NOWHERE));
        hall.places().insert(number, Arc::clone(&place));
        Some(Seat { hall, transport, number, place, guest: None })
    }

    /// How many are taken now.
    pub(super) fn taken(&self) -> usize {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// How many are taken by whom now, and how many were so far.
    pub(super) fn by_transport(&self) -> [(Transport, usize, u64); Transport::ALL.len()] {
        Transport::ALL.map(|transport| {
            let of = transport as usize;
            (transport, self.0.by_transport[of].load(Ordering::Relaxed), self.0.seated[of].get())
        })
    }

    /// How many found no seat so far.
    pub(super) fn refused(&self) -> u64 {
        self.0.refused.get()
    }

    /// How many gaps were told so far: events that could not be had any more when their subscriber came to them.
    pub(super) fn gaps(&self) -> u64 {
        self.0.gaps.get()
    }

    /// How many events whoever is furthest behind has still to get, if the newest is this one.
    pub(super) fn furthest_behind(&self, latest: u64) -> u64 {
        let places = self.0.places();
        let behind = places.values().map(|place| latest.saturating_sub(place.load(Ordering::Relaxed)));
        behind.max().unwrap_or(0)
    }
}

impl Seat {
    /// Everything up to this event of this run has been handed on; `None`: no event is waited for.
    pub(super) fn is_at(&self, seq: Option<u64>) {
        self.place.store(seq.unwrap_or(NOWHERE), Ordering::Relaxed);
    }

    /// A gap was told.
    pub(super) fn gap(&self) {
        self.hall.gaps.add(1);
    }
}

impl Hall {
    fn places(&self) -> MutexGuard<'_, HashMap<u64, Arc<AtomicU64>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hall.places().remove(&self.number);
        self.hall.by_transport[self.transport as usize].fetch_sub(1, Ordering::Relaxed);
        self.hall.taken.fetch_sub(1, Ordering::Relaxed);
        self.guest = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_limit_refuses_and_takes_nothing_away() {
        let seats = Seats::default();
        let take = |most| seats.take(most, Transport::WebSocket);
        let held: Vec<_> = (0..3).map(|_| take(3).expect("a seat")).collect();
        assert!(take(3).is_none() && take(1).is_none());
        assert_eq!((seats.taken(), seats.refused()), (3, 2));
        drop(held);
        assert_eq!(seats.taken(), 0);
        let one = take(1).expect("a seat");
        assert!(take(1).is_none());
        drop(one);
    }

    #[test]
    fn who_is_furthest_behind_is_known_until_it_leaves() {
        let seats = Seats::default();
        let [slow, quick, mute] = [Transport::Sse, Transport::WebSocket, Transport::Mel]
            .map(|of| seats.take(9, of).expect("a seat"));
        slow.is_at(Some(3));
        quick.is_at(Some(10));
        mute.is_at(None);
        assert_eq!((seats.furthest_behind(10), seats.furthest_behind(2)), (7, 0));
        assert_eq!(seats.by_transport().map(|(_, taken, seated)| (taken, seated)), [(1, 1); 3]);
        drop(slow);
        assert_eq!(seats.furthest_behind(10), 0);
        assert_eq!(seats.by_transport().map(|(_, taken, seated)| (taken, seated)), [(1, 1), (0, 1), (1, 1)]);
        quick.gap();
        drop((quick, mute));
        assert_eq!((seats.taken(), seats.gaps(), seats.furthest_behind(10)), (0, 1, 0));
    }
}
