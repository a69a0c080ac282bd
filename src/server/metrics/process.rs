//! Metrics of the process, under the names that every exporter gives them. Touch it when one of them is missing.

use std::fmt;
use std::fs;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::families::{Families, one};

/// Unix time of the start, in seconds: of the first look, where the system does not tell.
static STARTED_S: LazyLock<f64> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    now - age_s().unwrap_or(0.0)
});

/// What the system says of this process. What it does not say is left out.
#[derive(Debug)]
pub(super) struct Process {
    started_s: f64,
    cpu_s: f64,
    resident_bytes: Option<u64>,
    threads: Option<u64>,
    open_files: Option<usize>,
    most_files: Option<u64>,
}

impl Process {
    pub(super) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        Self {
            started_s: *STARTED_S,
            cpu_s: cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9,
            resident_bytes: number("VmRSS:").map(|kib| kib * 1024),
            threads: number("Threads:"),
            // The folder that is being read is one of them.
            open_files: fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1)),
            most_files: getrlimit(Resource::Nofile).current,
        }
    }
}

/// How long this process has run.
fn age_s() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in parentheses and may hold anything; 20 fields after it comes the start, in ticks
    // of a hundredth of a second since the machine's start.
    let ticks: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let now = clock_gettime(ClockId::Boottime);
    Some(now.tv_sec as f64 + now.tv_nsec as f64 / 1e9 - ticks / TICKS)
}

/// Ticks a second, as Linux tells them to programs on every machine that we run on.
const TICKS: f64 = 100.0;

pub(super) fn tell(process: &Process, to: &mut Families<'_>) -> fmt::Result {
    let help = "When the process was started, in seconds since 1970";
    to.gauge("process_start_time_seconds", help, one(process.started_s))?;
    to.counter("process_cpu_seconds", "Seconds of processor time that it took", one(process.cpu_s))?;
    if let Some(bytes) = process.resident_bytes {
        to.gauge("process_resident_memory_bytes", "Memory that it takes", one(bytes))?;
    }
    if let Some(threads) = process.threads {
        to.gauge("process_threads", "Threads that it has", one(threads))?;
    }
    if let Some(files) = process.open_files {
        to.gauge("process_open_fds", "Files and sockets that it has open", one(files))?;
    }
    match process.most_files {
        Some(files) => to.gauge("process_max_fds", "Most files and sockets that it may open", one(files)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_system_tells_of_this_process() {
        let process = Process::now();
        assert!(age_s().is_some_and(|age| (0.0..86_400.0).contains(&age)), "{:?}", age_s());
        assert!(process.started_s > 1.7e9 && process.cpu_s > 0.0, "{process:?}");
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 1 << 20), "{process:?}");
        assert!(process.threads >= Some(1) && process.open_files >= Some(3), "{process:?}");
    }
}
