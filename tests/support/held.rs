//! Holds a single thread of a running program, as a lock that is never given back or a driver that hangs would. Touch it
//! when a test needs another way to hang a program in part.

use std::fs;
use std::io;
use std::ptr;
use std::time::{Duration, Instant};

/// A thread that does not run until this is dropped. It must be dropped on the thread that made it.
pub struct Held(libc::pid_t);

impl Held {
    /// Holds the thread of that name.
    pub fn thread(process: u32, name: &str) -> Self {
        let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
        let thread = tasks
            .map(|task| task.expect("a thread").path())
            .find(|task| fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == name))
            .unwrap_or_else(|| panic!("there is no thread {name}"));
        let thread = thread.file_name().and_then(|id| id.to_str()?.parse().ok()).expect("its id");
        request(libc::PTRACE_SEIZE, thread);
        let held = Self(thread);
        request(libc::PTRACE_INTERRUPT, thread);
        held.wait();
        held
    }

    /// Waits until its process has ended, and lets the kernel forget it: a process is not gone before that.
    pub fn until_the_end(self, patience: Duration) {
        let deadline = Instant::now() + patience;
        // SAFETY: plain system call; it may leave the status out.
        while unsafe { libc::waitpid(self.0, ptr::null_mut(), libc::__WALL | libc::WNOHANG) } == 0 {
            assert!(Instant::now() < deadline, "the process of thread {} does not end", self.0);
            std::thread::sleep(Duration::from_millis(5));
        }
        std::mem::forget(self);
    }

    fn wait(&self) {
        // SAFETY: plain system call; it may leave the status out.
        let waited = unsafe { libc::waitpid(self.0, ptr::null_mut(), libc::__WALL) };
        assert_eq!(waited, self.0, "{}", io::Error::last_os_error());
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        request(libc::PTRACE_DETACH, self.0);
    }
}

fn request(what: libc::c_uint, thread: libc::pid_t) {
    let nothing = ptr::null_mut::<libc::c_void>();
    // SAFETY: plain system call; these requests read and write no memory of ours.
    let answer = unsafe { libc::ptrace(what, thread, nothing, nothing) };
    assert_eq!(answer, 0, "ptrace {what}: {}", io::Error::last_os_error());
}
