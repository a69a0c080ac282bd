//! Where a player stands in the segments that a playlist lists: pure of network and clock.
//! Touch it when what is played next, or when a live playlist is asked for again, should change.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::playlist::{Media, Segment};
use crate::source::http::Address;

/// A live presentation is begun this many target durations before its end, as the HLS specification asks.
const BEHIND: u32 = 3;

/// Segments that are remembered by their addresses, to tell a copy that is out of date from a station that began anew.
const REMEMBERED: usize = 16;

/// Without anything new for so many target durations a live playlist is told to stall …
const STALLED_AFTER: u32 = 3;

/// … and given up for so many.
const STALE_AFTER: u32 = 6;

/// The soonest that the same playlist is asked for again.
const SHORTEST_WAIT: Duration = Duration::from_millis(250);

/// What to do next.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Play it.
    Segment(Box<Segment>),
    /// Segments went by unheard.
    Missed {
        /// How long they were.
        seconds: f64,
        /// Why.
        reason: &'static str,
    },
    /// Ask for the playlist again.
    Reload,
    /// There is nothing to do until then.
    Wait(Instant),
    /// There was nothing new for so long. Told once.
    Stalled(Duration),
    /// There was nothing new for too long.
    Stale(Duration),
    /// That was all.
    Ended,
}

/// The segments ahead.
#[derive(Debug)]
pub(super) struct Window {
    ahead: VecDeque<Segment>,
    /// The number of the segment behind the last one that was taken in.
    next: u64,
    /// Addresses of those that were taken in last.
    known: VecDeque<Address>,
    missed: Option<(f64, &'static str)>,
    complete: bool,
    target: Duration,
    asked: Instant,
    wait: Duration,
    /// When something new came last.
    fresh: Instant,
    told_stall: bool,
}

impl Window {
    /// Begins with a playlist that was asked for at `asked`: one that is complete at its beginning, a live one about
    /// three target durations before its end.
    pub(super) fn new(media: Media, asked: Instant) -> Self {
        let mut window = Self {
            ahead: VecDeque::new(),
            next: 0,
            known: VecDeque::new(),
            missed: None,
            complete: media.complete,
            target: media.target,
            asked,
            wait: media.target,
            fresh: asked,
            told_stall: false,
        };
        window.join(media);
        window
    }

    /// Whether nothing will be added: it is played from the beginning, and nobody waits for it.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    fn join(&mut self, media: Media) {
        let from = if media.complete { 0 } else { live_start(&media) };
        let end = media.sequence.saturating_add(media.segments.len() as u64);
        self.take(media.segments.into_iter().skip(from), end);
    }

    fn take(&mut self, segments: impl Iterator<Item = Segment>, end: u64) {
        for segment in segments {
            self.known.push_back(segment.resource.address.clone());
            self.ahead.push_back(segment);
        }
        let surplus = self.known.len().saturating_sub(REMEMBERED);
        self.known.drain(..surplus);
        self.next = end;
    }

    /// Takes in a newer copy of the playlist, asked for at `asked`.
    pub(super) fn update(&mut self, media: Media, asked: Instant) {
        self.asked = asked;
        self.target = media.target;
        let end = media.sequence.saturating_add(media.segments.len() as u64);
        let completed = media.complete && !self.complete;
        self.complete |= media.complete;
        let known = |segment: &Segment| self.known.contains(&segment.resource.address);
        let is_old = end <= self.next && (media.segments.is_empty() || media.segments.iter().any(known));
        if end == self.next || is_old {
            self.wait = (media.target / 2).max(SHORTEST_WAIT);
            if completed {
                self.fresh = asked;
            }
            return;
        }
        self.wait = media.target;
        self.fresh = asked;
        self.told_stall = false;
        if end < self.next {
            // Numbers that nobody knows and that are lower: the station's encoder began anew.
            self.miss(0.0, "the station began anew");
            self.ahead.clear();
            self.join(media);
            return;
        }
        let gone = media.sequence.saturating_sub(self.next);
        if gone > 0 {
            self.miss(
                gone as f64 * self.target.as_secs_f64(),
                "segments had left the live playlist before they could be fetched",
            );
        }
        let skip = usize::try_from(self.next.saturating_sub(media.sequence)).unwrap_or(usize::MAX);
        self.take(media.segments.into_iter().skip(skip), end);
        // What cannot be fetched as fast as it comes is left behind, like samples that nobody reads.
        let most = 2 * REMEMBERED;
        if !self.complete && self.ahead.len() > most {
            let surplus = self.ahead.len() - most / 2;
            let seconds = self.ahead.drain(..surplus).map(|segment| segment.seconds).sum();
            self.miss(seconds, "segments come faster than they can be played");
        }
    }

    fn miss(&mut self, seconds: f64, reason: &'static str) {
        let before = self.missed.map_or(0.0, |(seconds, _)| seconds);
        self.missed = Some((before + seconds, reason));
    }

    /// Notes that the playlist was asked for in vain.
    pub(super) fn failed(&mut self, asked: Instant) {
        self.asked = asked;
        self.wait = (self.target / 2).max(SHORTEST_WAIT);
    }

    /// What to do at `now`.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        let due = self.asked + self.wait;
        if !self.complete && now >= due {
            let quiet = now.saturating_duration_since(self.fresh);
            if self.ahead.is_empty() && quiet >= self.target * STALE_AFTER {
                return Next::Stale(quiet);
            }
            if self.ahead.is_empty() && quiet >= self.target * STALLED_AFTER && !self.told_stall {
                self.told_stall = true;
                return Next::Stalled(quiet);
            }
            return Next::Reload;
        }
        // What was missed lies behind what had been taken in before.
        if let Some((seconds, reason)) = self.missed.take() {
            return Next::Missed { seconds, reason };
        }
        match self.ahead.pop_front() {
            Some(segment) => Next::Segment(Box::new(segment)),
            None if self.complete => Next::Ended,
            None => Next::Wait(due),
        }
    }
}

/// The first segment to play of a live playlist.
fn live_start(media: &Media) -> usize {
    let enough = (media.target * BEHIND).as_secs_f64();
    let mut seconds = 0.0;
    for (n, segment) in media.segments.iter().enumerate().rev() {
        seconds += segment.seconds;
        if seconds >= enough - 0.001 {
            return n;
        }
    }
    0
}
