//! Version, system, processor, memory, limits and clock. Touch it when a bug report needs more of the machine.

use std::fs;
use std::time::{Duration, SystemTime};

use genrecast::config::Config;
use jiff::tz::TimeZone;
use rustix::process::{Resource, getrlimit};

use super::report::Report;

/// Files that the daemon has open besides its subscribers: sources, history, uploads, sound server.
const FILES: u64 = 64;

/// How far the clock may be before the program's own file.
const BEFORE: Duration = Duration::from_secs(86_400);

/// Memory below which models are pushed out of it, in KiB.
const LITTLE_KIB: u64 = 256 << 10;

pub(super) fn look(report: &mut Report, config: Option<&Config>) {
    report.tell("program", "version", env!("CARGO_PKG_VERSION"));
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    report.tell("program", "build", build);
    let tract = if cfg!(feature = "tract") { "compiled in" } else { "left out" };
    report.tell("program", "tract", tract);
    if let Ok(path) = std::env::current_exe() {
        report.tell("program", "file", path.display().to_string());
    }
    system(report);
    processor(report);
    limits(report, config);
    clock(report);
}

fn system(report: &mut Report) {
    report.tell("machine", "platform", format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS));
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    report.tell("machine", "system", name.map_or("unknown", |name| name.trim_matches('"')));
    if let Ok(kernel) = fs::read_to_string("/proc/sys/kernel/osrelease") {
        report.tell("machine", "kernel", kernel.trim());
    }
    // What a container leaves behind; systemd writes the first, Docker and Podman the others.
    let marks = ["/run/systemd/container", "/.dockerenv", "/run/.containerenv"];
    if let Some(mark) = marks.into_iter().find(|mark| fs::exists(mark).unwrap_or(false)) {
        report.tell("machine", "container", format!("yes ({mark})"));
    }
}

fn processor(report: &mut Report) {
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let field = |name: &str| {
        let line = information.lines().find(|line| line.starts_with(name))?;
        line.split_once(':').map(|(_, value)| value.trim().to_owned())
    };
    if let Some(model) = field("model name").or_else(|| field("Model")) {
        report.tell("machine", "processor", model);
    }
    let flags = field("flags").or_else(|| field("Features")).unwrap_or_default();
    let known = ["avx2", "fma", "avx512f", "asimd", "sse4_2"];
    let has: Vec<&str> = flags.split(' ').filter(|flag| known.contains(flag)).collect();
    report.tell("machine", "vector instructions", has.join(" "));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    report.tell("machine", "cores", cores);
    if let Ok(load) = fs::read_to_string("/proc/loadavg") {
        report.tell("machine", "load", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
        let minute: f64 = load.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0);
        if minute > 2.0 * cores as f64 {
            let what = format!("{minute} programs want to run at once, and there are {cores} cores");
            report.note("machine", what, "end what else runs, or choose a lighter model (models/README.md)");
        }
    }
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |name: &str| {
        let line = memory.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    if let (Some(total), Some(free)) = (kib("MemTotal:"), kib("MemAvailable:")) {
        report.tell("machine", "memory", format!("{} MiB, {} MiB of it free", total >> 10, free >> 10));
        if free < LITTLE_KIB {
            let remedy = "end what else takes it, or choose a lighter model (models/README.md)";
            report.note("machine", format!("only {} MiB of memory are free", free >> 10), remedy);
        }
    }
}

fn limits(report: &mut Report, config: Option<&Config>) {
    let told = |limit: Option<u64>| limit.map_or("unlimited".into(), |limit| limit.to_string());
    let files = getrlimit(Resource::Nofile);
    report.tell("limits", "open files", format!("{} (at most {})", told(files.current), told(files.maximum)));
    let memory = getrlimit(Resource::As);
    report.tell("limits", "address space", told(memory.current));
    report.tell("limits", "threads of the user", told(getrlimit(Resource::Nproc).current));
    let Some(config) = config else { return };
    let needed = config.server.max_clients as u64 + FILES;
    if files.current.is_some_and(|most| most < needed) {
        let what = format!(
            "{} files may be open, and server.max_clients = {} wants {needed}",
            told(files.current),
            config.server.max_clients
        );
        let remedy = format!("ulimit -n {needed} (LimitNOFILE={needed} in the unit), or a lower max_clients");
        report.note("limits", what, remedy);
    }
}

fn clock(report: &mut Report) {
    let zone = TimeZone::system();
    report.tell("clock", "zone", zone.iana_name().unwrap_or("unknown"));
    // Where systemd keeps the time it makes this file when it has asked somebody.
    let kept = fs::exists("/run/systemd/timesync").unwrap_or(false);
    let synchronised = fs::exists("/run/systemd/timesync/synchronized").unwrap_or(false);
    let told = match (kept, synchronised) {
        (true, true) => "yes",
        (true, false) => "no",
        (false, _) => "unknown: systemd-timesyncd does not run",
    };
    report.tell("clock", "synchronised", told);
    if kept && !synchronised {
        let what = "it has not been synchronised since the machine's start: times of events may be wrong";
        report.note("clock", what, "wait, or see `timedatectl timesync-status`");
    }
    let built = std::env::current_exe().and_then(fs::metadata).and_then(|file| file.modified());
    if built.is_ok_and(|built| built > SystemTime::now() + BEFORE) {
        let what = "it is before the time at which this program was made: certificates fail, and times of events are wrong";
        report.bad("clock", what, "set it, or let systemd-timesyncd or chrony do so");
    }
}
