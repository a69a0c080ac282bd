//! Who was turned away, counted by the reason. Touch it when somebody is turned away for another one.

use super::crowd::Full;
use crate::stats::Counter;

/// Why somebody was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// As many connections as may be are open.
    NoRoom,
    /// As many as may be are open from that address.
    NoRoomForAddress,
    /// The head of the first request did not come in time.
    TooSlow,
    /// TLS was not agreed upon, in time or at all.
    NoTls,
    /// Host or Origin is foreign.
    Foreign,
    /// There is no token, or one that nobody knows.
    Unauthenticated,
    /// The token does not open that.
    Forbidden,
}

impl Why {
    /// Those of connections of which no request was answered, with their words in `/metrics`.
    pub(super) const CONNECTIONS: [(Self, &str); 4] = [
        (Self::NoRoom, "no_room"),
        (Self::NoRoomForAddress, "no_room_for_address"),
        (Self::TooSlow, "too_slow"),
        (Self::NoTls, "no_tls"),
    ];

    /// Those of requests, with the codes that they are answered with.
    pub(super) const REQUESTS: [(Self, &str); 3] = [
        (Self::Foreign, "foreign_origin"),
        (Self::Unauthenticated, "unauthenticated"),
        (Self::Forbidden, "forbidden"),
    ];
}

impl From<Full> for Why {
    fn from(full: Full) -> Self {
        match full {
            Full::All => Self::NoRoom,
            Full::Address => Self::NoRoomForAddress,
        }
    }
}

/// How many were.
#[derive(Debug, Default)]
pub(super) struct TurnedAway([Counter; Why::CONNECTIONS.len() + Why::REQUESTS.len()]);

impl TurnedAway {
    pub(super) fn count(&self, why: Why) {
        self.0[why as usize].add(1);
    }

    pub(super) fn get(&self, why: Why) -> u64 {
        self.0[why as usize].get()
    }

    /// Each of these reasons' word, and how many there were.
    pub(super) fn counts<const N: usize>(&self, of: [(Why, &'static str); N]) -> [(&'static str, u64); N] {
        of.map(|(why, word)| (word, self.get(why)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_count_of_its_own() {
        let turned_away = TurnedAway::default();
        let all = || Why::CONNECTIONS.into_iter().chain(Why::REQUESTS);
        for (times, (why, _)) in all().enumerate() {
            (0..=times).for_each(|_| turned_away.count(why));
        }
        let counted: Vec<u64> = all().map(|(why, _)| turned_away.get(why)).collect();
        assert_eq!(counted, [1, 2, 3, 4, 5, 6, 7]);
    }
}
