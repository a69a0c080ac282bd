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
