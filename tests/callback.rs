//! Proves the audio callback's contract: no heap, lock that waits, log, wake-up or system call.
//!
//! Two ways: a counting allocator, and a child process in seccomp's strict mode, in which any system call but
//! read, write and exit kills. What the child writes would show in its output, which must be empty. Touch it when the
//! callback does anything more than copy and count; the controls at the end show that both ways notice.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
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
const SECONDS: usize = 600;

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

/// Ten minutes of audio through the callback: the reader keeps up, falls behind, and catches up, again and again.
fn ten_minutes<T>(mixer: Mixer)
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
fn ten_minutes_of_audio_take_nothing_from_the_heap() {
    for mixer in [1, 2, 6].into_iter().flat_map(mixers) {
        ten_minutes::<f32>(mixer);
        ten_minutes::<i16>(mixer);
        ten_minutes::<u16>(mixer);
        ten_minutes::<i32>(mixer);
        ten_minutes::<u32>(mixer);
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
#[path = "callback/confined.rs"]
mod confined;
