//! The socket on which systemd listens to its services. Touch it when another service manager writes its name
//! otherwise.

use std::ffi::OsStr;
use std::fmt::Write;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// How long a message may wait for a service manager that does not read.
const LIMIT: Duration = Duration::from_millis(500);

/// Where messages go.
pub(super) struct Socket {
    socket: UnixDatagram,
    address: SocketAddr,
    told: bool,
}

impl Socket {
    /// `name` is a path, or begins with `@` for Linux's abstract names.
    ///
    /// # Errors
    /// Those of the system.
    pub fn open(name: &OsStr) -> io::Result<Self> {
        let address = match name.as_bytes().strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(LIMIT))?;
        Ok(Self { socket, address, told: false })
    }

    /// Sends them in one datagram. A failure is told once, in the log.
    pub fn send(&mut self, messages: &[NotifyState<'_>]) {
        let mut text = String::new();
        for message in messages {
            // What a source says of itself must not become a message of ours.
            let line = message.to_string().replace(|c: char| c.is_control(), " ");
            let _ = writeln!(text, "{line}");
        }
        if let Err(error) = self.socket.send_to_addr(text.as_bytes(), &self.address)
            && !std::mem::replace(&mut self.told, true)
        {
            tracing::warn!(%error, "the service manager does not take what we tell it");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_service_manager_that_does_not_read_costs_little_time() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let path = place.path().join("notify");
        let _deaf = UnixDatagram::bind(&path).expect("bound");
        let mut socket = Socket::open(path.as_os_str()).expect("opened");
        let mut sent = 0;
        while !socket.told {
            sent += 1;
            assert!(sent < 100_000, "its queue has no end");
            let began = Instant::now();
            socket.send(&[NotifyState::Watchdog]);
            assert!(began.elapsed() < LIMIT * 10);
        }
        assert!(sent > 1);
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert!(Socket::open("x".repeat(200).as_ref()).is_err());
        assert!(Socket::open("@abstract".as_ref()).is_ok());
    }
}
