//! The accept loop: takes connections, turns away those for whom there is no room, runs each in a task of its own, ends them
//! all at shutdown. Touch it for what concerns all connections; what happens on one is in `connection`.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::crowd::{Full, Guest};
use super::routes::router;
use super::settings::changed;
use super::shutdown::stopped;
use super::{CLOSE_LIMIT, Shared, connection, descriptors, refuse};

/// How long to rest when the system refuses to accept, such as for want of file descriptors; twice as long each time,
const REST: Duration = Duration::from_millis(50);

/// up to this.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// So many are turned away in such a time, and then nobody is taken until it is over: knocking as fast as it goes shall not take
/// the processor from those who are in.
const TURNED_AWAY: u32 = 100;
const TURNED_AWAY_IN: Duration = Duration::from_millis(100);

/// How many of those who were turned away may be waited for at once.
const LINGERING: usize = 64;

/// How often it is told that somebody was turned away.
const TOLD_EVERY: Duration = Duration::from_secs(60);

pub(super) async fn run(listener: TcpListener, shared: Arc<Shared>) {
    let router = router(Arc::clone(&shared));
    let mut live = shared.live.clone();
    let mut shutdown = shared.shutdown.clone();
    let mut connections = JoinSet::new();
    let mut turned_away = JoinSet::new();
    let mut door = Door::new(&shared);
    let mut rest = Rest::default();
    loop {
        shared.connections.store(connections.len(), Ordering::Relaxed);
        tokio::select! {
            () = stopped(&mut shutdown) => break,
            () = changed(&mut live) => door.settle(),
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "a connection's task failed");
                }
            }
            Some(_) = turned_away.join_next() => {}
            accepted = rest.accept(&listener) => match accepted {
                Ok((stream, peer)) => match door.let_in(peer) {
                    Ok(guest) => {
                        // Told before it is served, so that a connection which asks counts itself.
                        shared.connections.store(connections.len() + 1, Ordering::Relaxed);
                        let shared = Arc::clone(&shared);
                        connections.spawn(connection::run(stream, peer.ip(), guest, router.clone(), shared));
                    }
                    Err(full) => {
                        rest.turned_away(Instant::now());
                        shared.turned_away.count(full.into());
                        // Over TLS nothing can be said before a handshake, which would cost more than the refusal saves.
                        let plain = shared.live().settings().tls.is_none();
                        let told = plain.then(|| refuse::no_room(stream, full)).flatten();
                        if let Some(stream) = told.filter(|_| turned_away.len() < LINGERING) {
                            turned_away.spawn(refuse::linger(stream));
                        }
                    }
                },
                Err(error) => rest.refused(&error),
            },
        }
    }
    drop(listener);
    turned_away.abort_all();
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(CLOSE_LIMIT, all).await.is_err() {
        tracing::warn!(left = connections.len(), "connections did not close in time: cut off");
        connections.shutdown().await;
    }
}

/// Who is let in.
struct Door<'a> {
    shared: &'a Shared,
    /// Most connections, of all and from one address.
    room: (usize, usize),
    /// When it was told last that somebody was turned away, and how many were since.
    told: Option<Instant>,
    untold: u64,
}

impl<'a> Door<'a> {
    fn new(shared: &'a Shared) -> Self {
        let mut door = Self { shared, room: (0, 0), told: None, untold: 0 };
        door.settle();
        door
    }

    /// Goes by the settings of this moment.
    fn settle(&mut self) {
        let live = self.shared.live();
        let settings = live.settings();
        let (wanted, each) = (settings.max_connections, settings.max_connections_per_address);
        let all = if self.room == (wanted, each) { wanted } else { descriptors::room(wanted) };
        if all < wanted && self.room != (all, each) {
            tracing::warn!(
                "the system gives this process file descriptors for {all} connections, not {wanted} \
                 (server.max_connections); raise its limit (LimitNOFILE in a unit, ulimit -n in a shell)"
            );
        }
        self.room = (all, each);
    }

    fn let_in(&mut self, peer: SocketAddr) -> Result<Guest, Full> {
        let (all, each) = self.room;
        let address = peer.ip();
        let counted = Some(address).filter(|address| !self.shared.live().proxies.has(*address));
        let entered = self.shared.crowd.enter(counted, all, each);
        if let Err(full) = entered {
            self.untold += 1;
            if self.told.is_none_or(|told| told.elapsed() >= TOLD_EVERY) {
                let turned_away = std::mem::take(&mut self.untold);
                self.told = Some(Instant::now());
                let address = address.to_canonical();
                match full {
                    Full::All => tracing::warn!(
                        %address, turned_away, "{all} connections are open, no more are taken (server.max_connections)"
                    ),
                    Full::Address => tracing::warn!(
                        %address,
                        turned_away,
                        "{each} connections of one address are open, no more of it are taken \
                         (server.max_connections_per_address; a reverse proxy belongs into server.trusted_proxies)"
                    ),
                }
            }
        }
        entered
    }
}

/// Rests for a time, growing and told once, while the system refuses to accept, and shortly where many are turned away.
#[derive(Default)]
struct Rest {
    until: Option<Instant>,
    last: Duration,
    /// Since when so many have been turned away.
    knocks: Option<(Instant, u32)>,
}

impl Rest {
    async fn accept(&mut self, listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
        if let Some(until) = self.until {
            sleep_until(until).await;
            self.until = None;
        }
        let accepted = listener.accept().await?;
        if !std::mem::take(&mut self.last).is_zero() {
            tracing::info!("connections are taken again");
        }
        Ok(accepted)
    }

    fn turned_away(&mut self, now: Instant) {
        let (since, count) =
            self.knocks.filter(|(since, _)| now - *since < TURNED_AWAY_IN).unwrap_or((now, 0));
        self.knocks = Some((since, count + 1));
        if count + 1 >= TURNED_AWAY {
            self.until = Some(since + TURNED_AWAY_IN);
        }
    }

    fn refused(&mut self, error: &io::Error) {
        // A client that has given up while it waited is no trouble of ours.
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        if self.last.is_zero() {
            tracing::warn!(%error, "no connection can be taken at present; tried again until it works");
        }
        self.last = (2 * self.last).clamp(REST, LONGEST_REST);
        self.until = Some(Instant::now() + self.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_knocks_without_end_is_answered_a_thousand_times_a_second() {
        let (mut rest, since) = (Rest::default(), Instant::now());
        let mut now = since;
        for _ in 0..1000 {
            rest.turned_away(now);
            now = rest.until.take().unwrap_or(now);
        }
        assert_eq!(now - since, Duration::from_secs(1));
        rest.turned_away(now + TURNED_AWAY_IN);
        assert!(rest.until.is_none(), "one alone does not keep the others waiting");
    }

    #[tokio::test]
    async fn a_system_that_refuses_is_asked_ever_more_seldom() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let _peer = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("connects");
        let mut rest = Rest::default();
        rest.refused(&io::ErrorKind::ConnectionAborted.into());
        assert!(rest.until.is_none());
        let mut waits = Vec::new();
        for _ in 0..8 {
            rest.refused(&io::Error::from_raw_os_error(libc::EMFILE));
            waits.push(rest.last);
        }
        assert!(waits[0] == REST && waits[1] == 2 * REST && waits[7] == LONGEST_REST, "{waits:?}");
        rest.until = Some(Instant::now() + REST);
        let since = Instant::now();
        rest.accept(&listener).await.expect("accepts");
        assert!(since.elapsed() >= REST && rest.last.is_zero());
    }
}
