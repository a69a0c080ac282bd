//! The callback in a process that may only read, write and exit. Touch it with the contract in mind that it proves.

use std::io::Write;

use super::*;

/// How a confined process ended.
#[derive(Debug, PartialEq)]
enum End {
    /// It did nothing that it must not do.
    Clean,
    /// It was killed by this signal.
    Killed(i32),
    /// It could not be confined.
    NotConfined,
}

/// Runs `work` in a forked child in strict mode. Returns how it ended and what it wrote to stdout and stderr.
///
/// Only the calling thread lives on in the child, in which another thread's locks may stay taken for ever: so
/// `work` must keep to the very contract that is tested, and the alarm ends a child that hangs.
fn confine(work: impl FnOnce()) -> (End, Vec<u8>) {
    let (mut output, input) = std::io::pipe().expect("a pipe");
    use std::os::fd::AsRawFd;
    // SAFETY: the child calls only async-signal-safe functions and `work`, which is what is put to the test.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork failed");
    if child == 0 {
        // SAFETY: plain system calls on descriptors that are open.
        unsafe {
            libc::dup2(input.as_raw_fd(), 1);
            libc::dup2(input.as_raw_fd(), 2);
            libc::alarm(60);
            if libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT, 0, 0, 0) != 0 {
                libc::_exit(77);
            }
        }
        work();
        // SAFETY: ends the only thread; `_exit` would call exit_group, which strict mode forbids.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
    drop(input);
    let mut written = Vec::new();
    std::io::Read::read_to_end(&mut output, &mut written).expect("reads");
    let mut status = 0;
    // SAFETY: waits for the child that was just forked.
    assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
    let end = if libc::WIFSIGNALED(status) {
        End::Killed(libc::WTERMSIG(status))
    } else if libc::WEXITSTATUS(status) == 0 {
        End::Clean
    } else {
        End::NotConfined
    };
    (end, written)
}

fn callback_is_clean<T>(mixer: Mixer)
where
    T: Sample + FromSample<f32>,
    f32: FromSample<T>,
{
    let (capture, _reader, _) = capture(RATE / 2, mixer);
    let data = period::<T>(mixer.channels());
    let (end, written) = confine(|| {
        // Twice the ring, so that it is full for half of the time.
        for _ in 0..RATE / PERIOD {
            capture.accept(black_box(&data));
        }
    });
    let written = String::from_utf8_lossy(&written);
    assert_eq!((end, &*written), (End::Clean, ""), "{mixer:?}");
}

#[test]
fn the_callback_makes_no_system_call() {
    for mixer in [1, 2, 6].into_iter().flat_map(mixers) {
        callback_is_clean::<f32>(mixer);
        callback_is_clean::<i16>(mixer);
        callback_is_clean::<u16>(mixer);
        callback_is_clean::<i32>(mixer);
        callback_is_clean::<u32>(mixer);
    }
}

#[test]
fn a_change_of_rings_makes_no_system_call() {
    let pulse = Arc::new(Pulse::default());
    let (writer, _reader) = ring(RATE, Arc::default());
    let (mut capture, mut exchange) = Capture::new(writer, Mixer::mean(1), Arc::clone(&pulse));
    let (fresh, mut next) = ring(RATE, Arc::default());
    exchange.offer(fresh);
    pulse.splice();
    let data = period::<f32>(1);
    let mut change = || capture.accept(black_box(&data));
    assert_eq!(confine(&mut change).0, End::Clean);
    // The same here, to see that it does change the ring.
    change();
    assert_eq!(next.read(&mut vec![0.0; RATE]), Read::Samples(PERIOD));
}

#[test]
fn control_a_wake_up_is_noticed() {
    let (sender, receiver) = crossbeam_channel::bounded::<u8>(1);
    let (tell_id, id) = std::sync::mpsc::channel();
    let waiting = std::thread::spawn(move || {
        // SAFETY: takes nothing and cannot fail.
        tell_id.send(unsafe { libc::gettid() }).expect("asked for");
        receiver.recv()
    });
    let status = format!("/proc/self/task/{}/status", id.recv().expect("told"));
    // A send makes a system call only when the receiver sleeps.
    while !std::fs::read_to_string(&status).is_ok_and(|s| s.contains("State:\tS")) {
        std::thread::yield_now();
    }
    let (end, _) = confine(|| {
        let _ = sender.send(1);
    });
    assert_eq!(end, End::Killed(libc::SIGKILL));
    sender.send(2).expect("the receiver waits");
    assert_eq!(waiting.join().expect("no panic"), Ok(2));
}

#[test]
fn control_a_print_is_noticed() {
    let (end, written) = confine(|| {
        let _ = writeln!(std::io::stderr(), "overrun");
    });
    assert!(end != End::Clean || !written.is_empty(), "{end:?} {written:?}");
    assert_eq!(written, b"overrun\n");
}

#[test]
fn control_a_system_call_is_noticed() {
    // SAFETY: takes nothing and cannot fail.
    let (end, _) = confine(|| unsafe {
        libc::getppid();
    });
    assert_eq!(end, End::Killed(libc::SIGKILL));
}

#[test]
fn control_a_large_allocation_is_noticed() {
    let (end, _) = confine(|| drop(black_box(vec![1u8; 64 << 20])));
    assert_eq!(end, End::Killed(libc::SIGKILL));
}
