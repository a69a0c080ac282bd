//! What whoever supervises us is told, in systemd's words: ready, reloading, stopping, a status line, and that we get
//! on. Touch it when the daemon should say it is ready, or alive, by other rules.

mod socket;
mod status;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use super::progress::{Facts, obstacle};
use socket::Socket;

/// If no source can deliver, the daemon is ready after this time all the same: a boot must not hang because a
/// microphone is unplugged.
const NOBODY_DELIVERS: Duration = Duration::from_secs(15);

/// However much can be hoped for, the daemon is ready after this time, well before systemd's own limit of 90 s.
const LONGEST_START: Duration = Duration::from_secs(60);

/// How soon the first window is noticed.
const WHILE_STARTING: Duration = Duration::from_millis(200);

/// How soon a new status is told.
const WHILE_READY: Duration = Duration::from_secs(5);

/// How soon after an obstacle the watchdog may be fed again.
const WHILE_STUCK: Duration = Duration::from_secs(1);

/// Tells the service manager what it must know. Without one it does nothing.
pub(super) struct Notifier {
    socket: Option<Socket>,
    watchdog: Option<Watchdog>,
    started: Instant,
    ready: bool,
    status: String,
}

/// The service manager restarts us if we do not tell in time that we get on.
struct Watchdog {
    /// A third of its patience.
    every: Duration,
    due: Instant,
    /// How often the threads had turned when it was last fed.
    before: HashMap<String, u64>,
    stuck: bool,
}

impl Notifier {
    /// As `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` say.
    pub fn from_environment() -> Self {
        let socket = std::env::var_os("NOTIFY_SOCKET").filter(|path| !path.is_empty()).and_then(|path| {
            let socket = Socket::open(&path);
            if let Err(error) = &socket {
                let path = path.display();
                tracing::warn!(%path, %error, "NOTIFY_SOCKET cannot be used: the service manager will not know that we are ready");
            }
            socket.ok()
        });
        Self::new(socket, sd_notify::watchdog_enabled(), Instant::now())
    }

    fn new(socket: Option<Socket>, watchdog: Option<Duration>, now: Instant) -> Self {
        let watchdog = watchdog.filter(|limit| !limit.is_zero()).map(|limit| Watchdog {
            every: limit / 3,
            due: now,
            before: HashMap::new(),
            stuck: false,
        });
        Self { socket, watchdog, started: now, ready: false, status: String::new() }
    }

    /// Tells what there is to tell, and returns when to call again at the latest; `None` if there is nobody to tell.
    pub fn tick(&mut self, facts: impl FnOnce() -> Facts) -> Option<Duration> {
        self.socket.as_ref()?;
        Some(self.tick_at(&facts(), Instant::now()))
    }

    fn tick_at(&mut self, facts: &Facts, now: Instant) -> Duration {
        let ready = !self.ready && is_ready(facts, now - self.started);
        self.ready |= ready;
        let status = status::line(facts, self.ready);
        let news = (status != self.status).then(|| status.clone());
        let fed = self.watchdog.as_mut().is_some_and(|watchdog| watchdog.feed(facts, now));
        let messages: Vec<_> = [
            ready.then_some(NotifyState::Ready),
            news.as_deref().map(NotifyState::Status),
            fed.then_some(NotifyState::Watchdog),
        ]
        .into_iter()
        .flatten()
        .collect();
        self.send(&messages);
        self.status = status;
        let next = if self.ready { WHILE_READY } else { WHILE_STARTING };
        self.watchdog.as_ref().map_or(next, |watchdog| next.min(watchdog.due.saturating_duration_since(now)))
    }

    /// The configuration is being read again. Call [`Notifier::reloaded`] when that is done.
    pub fn reloading(&mut self) {
        // Before the first READY there is nothing that could be reloaded, and READY after it would come too early.
        if self.ready {
            let now = NotifyState::monotonic_usec_now().ok();
            let messages: Vec<_> = [NotifyState::Reloading].into_iter().chain(now).collect();
            self.send(&messages);
        }
    }

    /// The configuration has been read again, whatever came of it.
    pub fn reloaded(&mut self) {
        if self.ready {
            self.send(&[NotifyState::Ready]);
        }
    }

    /// The daemon ends.
    pub fn stopping(&mut self) {
        self.send(&[NotifyState::Stopping, NotifyState::Status("ending")]);
    }

    fn send(&mut self, messages: &[NotifyState<'_>]) {
        if let Some(socket) = &mut self.socket
            && !messages.is_empty()
        {
            socket.send(messages);
        }
    }
}

impl Watchdog {
    /// True if it is time to feed it and we have got on since.
    fn feed(&mut self, facts: &Facts, now: Instant) -> bool {
        if now < self.due {
            return false;
        }
        if let Some(obstacle) = obstacle(facts, &self.before) {
            if !std::mem::replace(&mut self.stuck, true) {
                tracing::error!(obstacle, "no progress: the service manager's watchdog is not fed");
            }
            self.due = now + WHILE_STUCK.min(self.every);
            return false;
        }
        if std::mem::replace(&mut self.stuck, false) {
            tracing::info!("progress again: the service manager's watchdog is fed");
        }
        self.before.clone_from(&facts.turns);
        self.due = now + self.every;
        true
    }
}

/// True once a window has been published, or if waiting for one makes no sense any more.
fn is_ready(facts: &Facts, since_start: Duration) -> bool {
    let heard = facts.sources.iter().any(|source| source.windows > 0);
    let hope = facts.sources.iter().any(|source| source.can_deliver());
    heard || since_start >= if hope { LONGEST_START } else { NOBODY_DELIVERS }
}
