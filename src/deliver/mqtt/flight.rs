//! Messages that were sent and not yet acknowledged. Touch it when more, or fewer, may be on their way.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::deliver::queue::Item;

/// Most messages on their way.
const MOST: usize = 32;

/// Messages on their way, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Flight {
    sent: VecDeque<Sent>,
    last: u16,
}

#[derive(Debug)]
struct Sent {
    packet_id: u16,
    at: Instant,
    /// What it carries, if it is to be sent again should it be lost.
    item: Option<Item>,
}

impl Flight {
    /// Whether another may be sent.
    pub fn has_room(&self) -> bool {
        self.sent.len() < MOST
    }

    pub fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// A number for another message, which is on its way from now on.
    pub fn begin(&mut self, item: Option<Item>) -> u16 {
        let packet_id = self.number();
        self.sent.push_back(Sent { packet_id, at: Instant::now(), item });
        packet_id
    }

    /// A number that no message on its way has, from 1.
    pub fn number(&mut self) -> u16 {
        loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.sent.iter().any(|sent| sent.packet_id == self.last) {
                return self.last;
            }
        }
    }

    /// This one has arrived; gives what it carried.
    pub fn end(&mut self, packet_id: u16) -> Option<Item> {
        let place = self.sent.iter().position(|sent| sent.packet_id == packet_id)?;
        self.sent.remove(place)?.item
    }

    /// How long the oldest has been on its way.
    pub fn oldest(&self) -> Option<Duration> {
        self.sent.front().map(|sent| sent.at.elapsed())
    }

    /// What is to be sent again, the newest first.
    pub fn lost(&mut self) -> impl Iterator<Item = Item> {
        self.sent.drain(..).rev().filter_map(|sent| sent.item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_never_those_of_messages_on_their_way() {
        let mut flight = Flight::default();
        assert_eq!(flight.begin(None), 1);
        flight.last = u16::MAX - 1;
        assert_eq!((flight.begin(None), flight.begin(None)), (u16::MAX, 2));
        assert!(flight.end(7).is_none() && flight.end(1).is_none());
        assert_eq!(flight.sent.len(), 2);
        flight.last = u16::MAX;
        assert_eq!(flight.begin(None), 1, "it is free again");
        while flight.has_room() {
            flight.begin(None);
        }
        assert_eq!(flight.sent.len(), MOST);
        assert_eq!(flight.lost().count(), 0);
        assert!(flight.is_empty() && flight.oldest().is_none());
    }
}
