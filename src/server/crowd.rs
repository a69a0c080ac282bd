//! Who is here, counted by address, so that nobody takes the room of all others: connections, and subscribers behind a
//! proxy. Touch it when addresses are to be counted otherwise.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All who are here. Its clones count the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    /// No address stays in it of which nobody is here.
    each: HashMap<IpAddr, usize>,
}

/// Somebody who is here, until this is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    crowd: Crowd,
    /// Absent for those who are not counted by address.
    house: Option<IpAddr>,
}

/// Why there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// As many as may be are here.
    All,
    /// As many as may be are here from that address.
    Address,
}

impl Crowd {
    /// Lets one more in, unless there are `most` of all, or `most_each` from the same address.
    pub(super) fn enter(&self, from: Option<IpAddr>, most: usize, most_each: usize) -> Result<Guest, Full> {
        let house = from.map(house);
        let mut counts = self.counts();
        let same = house.and_then(|house| counts.each.get(&house).copied()).unwrap_or(0);
        if house.is_some() && same >= most_each {
            return Err(Full::Address);
        }
        if counts.all >= most {
            return Err(Full::All);
        }
        counts.all += 1;
        if let Some(house) = house {
            counts.each.insert(house, same + 1);
        }
        Ok(Guest { crowd: self.clone(), house })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        counts.all = counts.all.saturating_sub(1);
        let Some(house) = self.house else { return };
        let left = counts.each.get(&house).map_or(0, |count| count.saturating_sub(1));
        match left {
            0 => counts.each.remove(&house),
            left => counts.each.insert(house, left),
        };
    }
}

/// What counts as one address: of IPv6 a network of 64 bits, because that is what one customer has at least.
fn house(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => {
            let [a, b, c, d, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str) -> Option<IpAddr> {
        Some(address.parse().expect("an address"))
    }

    #[test]
    fn one_address_cannot_take_the_room_of_others() {
        let crowd = Crowd::default();
        let (one, other) = (from("192.0.2.1"), from("192.0.2.2"));
        let held: Vec<_> = (0..3).map(|_| crowd.enter(one, 5, 3).expect("room")).collect();
        assert_eq!(crowd.enter(one, 5, 3).expect_err("full"), Full::Address);
        let two = [crowd.enter(other, 5, 3).expect("room"), crowd.enter(None, 5, 3).expect("room")];
        assert_eq!(crowd.enter(other, 5, 3).expect_err("full"), Full::All);
        drop((held, two));
        assert!(crowd.counts().each.is_empty() && crowd.counts().all == 0);
        assert!(crowd.enter(one, 1, 1).is_ok());
    }

    #[test]
    fn ipv6_counts_by_64_bits_and_mapped_ipv4_as_what_it_is() {
        let crowd = Crowd::default();
        let _one = crowd.enter(from("2001:db8::1"), 9, 1).expect("room");
        assert_eq!(crowd.enter(from("2001:db8::ffff:2"), 9, 1).expect_err("full"), Full::Address);
        let _two = crowd.enter(from("2001:db8:0:1::1"), 9, 1).expect("another network");
        let _three = crowd.enter(from("192.0.2.1"), 9, 1).expect("room");
        assert_eq!(crowd.enter(from("::ffff:192.0.2.1"), 9, 1).expect_err("full"), Full::Address);
        let _four = crowd.enter(from("192.0.2.2"), 9, 1).expect("IPv4 counts by the address");
    }
}
