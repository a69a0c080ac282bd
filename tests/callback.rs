//! Proves the audio callback's contract: no heap, lock that waits, log, wake-up or system call.
//!
//! Two ways: a counting allocator, and a child process in seccomp's strict mode, in which any system call but
//! read, write and exit kills. What the child writes would show in its output, which must be empty. Touch it when the
//! callback does anything more than copy and count; the controls at the end show that both ways notice.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;

use cpal::{FromSample, Sample};
use genrecast::source::{Callback, Capture, Channel, Mixdown, Mixer, Pulse, Read, RingReader, ring};
use genrecast::stats::SourceCounters;

/// Counts what the current thread takes from and gives back to the heap.
struct Counting;

thread_local! {
    static HEAP_CALLS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    HEAP_CALLS.with(|calls| calls.set(calls.get() + 1));
}

// SAFETY: everything is passed on to the system's allocator; counting touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn heap_calls_of(work: impl FnOnce()) -> u64 {
    let before = HEAP_CALLS.get();
    work();
    HEAP_CALLS.get() - before
}

const RATE: usize = 48_000;
/// Frames per call of the callback.
const PERIOD: usize = 480;
const SECONDS: usize = 60;

/// The mean of all channels, and the last channel, louder.
fn mixers(channels: usize) -> [Mixer; 2] {
    let last = channels.to_string();
    let channel = Channel::from_name(&last).expect("a number");
    let one = Mixer::new(Mixdown { channel, gain_db: 6.0 }, channels).expect("it is there");
    [Mixer::mean(channels), one]
}

fn capture(capacity: usize, mixer: Mixer) -> (Callback, RingReader, Arc<SourceCounters>) {
    let counters = Arc::new(SourceCounters::default());
    let (writer, reader) = ring(capacity, Arc::clone(&counters));
    let (capture, _) = Capture::new(writer, mixer, Arc::new(Pulse::default()));
    (Callback::new(capture), reader, counters)
}

/// One period of interleaved samples that are not silence.
fn period<T: Sample + FromSample<f32>>(channels: usize) -> Vec<T> {
    (0..PERIOD * channels).map(|n| T::from_sample((n as f32 * 0.01).sin() * 0.5)).collect()
}

/// Reads what waits. Returns how much was lost.
fn read_all(reader: &mut RingReader, out: &mut [f32]) -> u64 {
    let mut told_lost = 0;
    loop {
        match reader.read(out) {
            Read::Lost(lost) => told_lost += lost,
            Read::Samples(_) => (),
            Read::Empty | Read::Ended => return told_lost,
        }
    }
}

/// A minute of audio through the callback: the reader keeps up, falls behind, and catches up, again and again.
fn minute<T>(mixer: Mixer)
where
    T: Sample + FromSample<f32>,
    f32: FromSample<T>,
{
    let (capture, mut reader, counters) = capture(RATE / 2, mixer);
    let data = period::<T>(mixer.channels());
    let mut out = vec![0.0; RATE];
    let mut told_lost = 0;
    let mut heap_calls = 0;
    for call in 0..SECONDS * RATE / PERIOD {
        heap_calls += heap_calls_of(|| capture.accept(black_box(&data)));
        // For a second of every two nobody reads, which is twice as long as the ring.
        if call / 100 % 2 == 0 {
            told_lost += read_all(&mut reader, &mut out);
        }
    }
    assert_eq!(heap_calls, 0, "{} with {mixer:?}", std::any::type_name::<T>());
    assert!(told_lost > 0, "the ring was never full");
    let total = counters.samples.get() + counters.samples_lost.get();
    assert_eq!(total, (SECONDS * RATE) as u64);
    capture.end();
    capture.accept(&data);
    read_all(&mut reader, &mut out);
    assert_eq!(reader.read(&mut out), Read::Ended);
}

#[test]
fn a_minute_of_audio_takes_nothing_from_the_heap() {
    for mixer in [1, 2, 6].into_iter().flat_map(mixers) {
        minute::<f32>(mixer);
        minute::<i16>(mixer);
        minute::<u16>(mixer);
        minute::<i32>(mixer);
        minute::<u32>(mixer);
    }
}

#[test]
fn a_change_of_rings_takes_nothing_from_the_heap() {
    let pulse = Arc::new(Pulse::default());
    let (writer, mut reader) = ring(RATE, Arc::default());
    let (mut capture, mut exchange) = Capture::new(writer, Mixer::mean(2), Arc::clone(&pulse));
    let (data, mut out) = (period::<f32>(2), vec![0.0; RATE]);
    for turn in 1..=100 {
        let (fresh, next) = ring(RATE, Arc::default());
        exchange.offer(fresh);
        pulse.splice();
        // The second time no fresh writer lies ready, so the callback must stay with the one it has.
        let heap_calls = heap_calls_of(|| {
            capture.accept(black_box(&data));
            pulse.splice();
            capture.accept(black_box(&data));
        });
        assert_eq!(heap_calls, 0);
        let frames = exchange.take().expect("the old writer is put aside").frames;
        assert_eq!(frames, ((turn - 1) * 2 * PERIOD) as u64);
        let expected = if turn == 1 { Read::Ended } else { Read::Samples(2 * PERIOD) };
        assert_eq!(reader.read(&mut out), expected);
        assert_eq!(reader.read(&mut out), Read::Ended);
        reader = next;
    }
}

#[test]
fn control_the_counting_allocator_notices_a_heap_call() {
    let calls = heap_calls_of(|| drop(black_box(Box::new(7))));
    assert_eq!(calls, 2);
}

#[cfg(target_os = "linux")]
mod confined {
    //! The callback in a process that may only read, write and exit.

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
}
