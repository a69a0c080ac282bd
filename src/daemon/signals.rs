//! SIGTERM and SIGINT: the first follows the line to a clean end, a second one exits at once. SIGHUP: read again.
//! Touch it when another signal gets a meaning.

use std::ffi::c_int;
use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, select_biased};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals as Incoming};

/// Handlers could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot handle signals: {0}")]
pub struct SignalError(#[from] std::io::Error);

/// What is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// That the process ends.
    End,
    /// That the configuration is read again.
    Reload,
}

/// Wishes: from signals, or from within.
pub struct Signals {
    end: Receiver<()>,
    reload: Receiver<()>,
    ender: Ender,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

/// Asks the daemon to end from within.
#[derive(Clone)]
pub struct Ender(pub(super) Sender<()>);

impl Ender {
    /// Asks; asking twice is the same.
    pub fn end(&self) {
        // Full means that the wish is already there.
        let _ = self.0.try_send(());
    }
}

impl Signals {
    /// Installs the handlers. From now on a signal no longer ends the process by itself, but the second does.
    ///
    /// # Errors
    /// [`SignalError`] with the system's words.
    pub fn install() -> Result<Self, SignalError> {
        Self::handle(&[SIGTERM, SIGINT])
    }

    /// As [`Self::install`], and SIGHUP asks for the configuration to be read again; unless it came because the
    /// terminal in which the process was started was closed: then it asks for the end.
    ///
    /// # Errors
    /// [`SignalError`] with the system's words.
    pub fn install_with_reload() -> Result<Self, SignalError> {
        Self::handle(&[SIGTERM, SIGINT, SIGHUP])
    }

    fn handle(handled: &[c_int]) -> Result<Self, SignalError> {
        let asked_before = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // Registered first, it sees the flag as it was before this signal.
            signal_hook::flag::register_conditional_shutdown(
                signal,
                128 + signal,
                Arc::clone(&asked_before),
            )?;
            signal_hook::flag::register(signal, Arc::clone(&asked_before))?;
        }
        let mut incoming = Incoming::new(handled)?;
        let handle = incoming.handle();
        let (sender, end) = crossbeam_channel::bounded(1);
        let ender = Ender(sender);
        let (on_reload, reload) = crossbeam_channel::bounded(1);
        let on_end = ender.clone();
        let before = terminals();
        let thread = std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in incoming.forever() {
                // A terminal that has hung up is none any more.
                if signal == SIGHUP && !hung_up(before) {
                    // Full means that the wish is already there.
                    let _ = on_reload.try_send(());
                } else {
                    on_end.end();
                }
            }
        })?;
        Ok(Self { end, reload, ender, handle, thread: Some(thread) })
    }

    /// A way to ask for the end from another thread.
    pub fn ender(&self) -> Ender {
        self.ender.clone()
    }

    /// Waits until somebody wishes something; the end comes before all else.
    pub fn wait(&self) -> Wish {
        loop {
            if let Some(wish) = self.wait_for(Duration::from_secs(3600)) {
                return wish;
            }
        }
    }

    /// As [`Self::wait`], but no longer than this.
    pub fn wait_for(&self, limit: Duration) -> Option<Wish> {
        // `self.ender` keeps the first channel open; the other one only closes at the end, too.
        select_biased! {
            recv(self.end) -> _ => Some(Wish::End),
            recv(self.reload) -> reload => Some(if reload.is_ok() { Wish::Reload } else { Wish::End }),
            default(limit) => None,
        }
    }
}

/// Which of the standard streams are a terminal at this moment.
fn terminals() -> [bool; 3] {
    [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()]
}

/// True if one of those that were terminals is none any more.
fn hung_up(before: [bool; 3]) -> bool {
    before.iter().zip(terminals()).any(|(before, now)| *before && !now)
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
