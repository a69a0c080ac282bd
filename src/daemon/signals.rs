//! SIGTERM and SIGINT: the first follows the line to a clean end, a second one exits at once.
//! Touch it when another signal gets a meaning.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals as Incoming};

/// Handlers could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot handle signals: {0}")]
pub struct SignalError(#[from] std::io::Error);

/// The wish that the daemon ends: from a signal, or from within.
pub struct Signals {
    wish: Receiver<()>,
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
        let mut incoming = Incoming::new([SIGTERM, SIGINT])?;
        let handle = incoming.handle();
        let (sender, wish) = crossbeam_channel::bounded(1);
        let ender = Ender(sender);
        let on_signal = ender.clone();
        let thread = std::thread::Builder::new().name("signals".into()).spawn(move || {
            for _ in incoming.forever() {
                on_signal.end();
            }
        })?;
        Ok(Self { wish, ender, handle, thread: Some(thread) })
    }

    /// A way to ask for the end from another thread.
    pub fn ender(&self) -> Ender {
        self.ender.clone()
    }

    /// Waits until somebody asks for the end.
    pub fn wait(&self) {
        // `self.ender` keeps the channel open, so this is the wish and nothing else.
        let _ = self.wish.recv();
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.handle.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
