//! Keeps every core busy, and measures that it did. Touch it when load is to be made otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A spinning thread for each core, until this is dropped.
pub struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    before: Option<Times>,
}

/// Processor time of the whole machine since it started, in ticks.
struct Times {
    all: u64,
    idle: u64,
}

impl Busy {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..cores)
            .map(|_| {
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                })
            })
            .collect();
        Self { stop, threads, before: Times::now() }
    }

    pub fn cores(&self) -> usize {
        self.threads.len()
    }

    /// Share of all processor time that was used since the start; `None` where the system does not tell.
    pub fn share(&self) -> Option<f64> {
        let (before, now) = (self.before.as_ref()?, Times::now()?);
        let all = now.all.checked_sub(before.all).filter(|&all| all > 0)?;
        Some(1.0 - now.idle.saturating_sub(before.idle) as f64 / all as f64)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Times {
    fn now() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        // user nice system idle iowait irq softirq steal; what follows is counted in these already.
        let ticks: Vec<u64> =
            stat.lines().next()?.split_whitespace().skip(1).take(8).map_while(|n| n.parse().ok()).collect();
        Some(Self { all: ticks.iter().sum(), idle: ticks.get(3)? + ticks.get(4)? })
    }
}
