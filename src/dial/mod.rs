//! Going out into the network: addresses that may hold secrets, and connections, plain or through TLS. Whoever is a
//! client of something uses it: stations, playlists, webhooks, a broker. Touch it when connecting changes for all of them.

mod address;
mod tcp;
mod trust;

pub use address::{Address, AddressError};
pub use tcp::{DialError, Duplex, secure, tcp};
pub use trust::trust;
