//! The threads `dsp-K`: each serves its share of the sources. Touch it when a thread is to take turns otherwise; what
//! a turn does is in `slot.rs`.

use std::time::Duration;

use crossbeam_channel::Receiver;

use super::progress::Turns;
use super::slot::{Slot, Turn};
use crate::pipeline::Manifests;
use crate::source::Stop;

/// Sources that may wait to be taken over; whoever adds one more waits.
pub(super) const ARRIVALS: usize = 16;

/// How long the thread sleeps when no ring has samples: well below a hop, and below every block length that
/// sound servers use.
const POLL: Duration = Duration::from_millis(10);

/// How long it sleeps without a source; it is woken when one arrives.
const IDLE: Duration = Duration::from_millis(500);

/// Samples read from a ring at a time.
const READ: usize = 4096;

/// Body of a `dsp-K` thread: serves the sources that arrive, until `stop` and nothing is left to read.
pub(super) fn run(arrivals: &Receiver<Slot>, manifests: &Manifests, stop: &Stop, turns: &Turns) {
    let mut slots: Vec<Slot> = Vec::new();
    let mut scratch = vec![0.0; READ];
    loop {
        turns.turn();
        let stopped = stop.is_stopped();
        slots.extend(arrivals.try_iter());
        let (mut progress, mut stuck) = (false, false);
        slots.retain_mut(|slot| match slot.turn(manifests, &mut scratch) {
            Turn::Progress => {
                progress = true;
                true
            }
            Turn::Idle => {
                stuck |= !slot.is_sent();
                true
            }
            Turn::Done => false,
        });
        if stuck {
            // Whoever comes first finds room at the model thread; each is to be first at times.
            slots.rotate_left(1);
        }
        if progress {
            continue;
        }
        // A source thread that hangs keeps its channel open; what it wrote has been read.
        if stopped && slots.iter().all(Slot::is_sent) {
            return;
        }
        std::thread::park_timeout(if slots.is_empty() { IDLE } else { POLL });
    }
}
