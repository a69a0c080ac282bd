//! What a process takes of the machine at this moment. Touch it when a leak of another kind is to be found.

use std::fs;

/// Threads, open file descriptors and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    pub threads: usize,
    pub descriptors: usize,
    /// Resident memory in KiB.
    pub resident: u64,
}

impl Usage {
    pub fn of(pid: u32) -> Self {
        let count = |what| fs::read_dir(format!("/proc/{pid}/{what}")).expect("it runs").count();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
        let resident = resident.trim().trim_end_matches(" kB").parse().expect("a number");
        Self { threads: count("task"), descriptors: count("fd"), resident }
    }
}

/// The most memory that a process has had resident, in KiB.
#[allow(dead_code)]
pub fn peak(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a line");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Has the peak counted anew from now on; returns what is resident now, in KiB.
#[allow(dead_code)]
pub fn peak_from_now(pid: u32) -> u64 {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").expect("of a process of ours");
    peak(pid)
}
