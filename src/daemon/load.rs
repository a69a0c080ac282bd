//! How a `model-K` thread meets overload: by one factor that lengthens the hops of all its paced sources, and by whose turn
//! it is. Pure: it has no clock and no threads. Touch it when overload is to be noticed or met otherwise.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::manifest::Manifest;

/// A block that waited for longer than this is late. It is about a hop: whoever waits longer has the next block behind it.
pub(super) const LATE: Duration = Duration::from_secs(1);

/// What comes within so much time is judged as one. A longer hop shows its effect in the next, because what waits is
/// dealt with by it, too.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long nothing may have been late before hops get shorter again; longer where that was followed by overload.
const CALM: Duration = Duration::from_secs(10);

/// The longest that this becomes.
const LONGEST_CALM: Duration = Duration::from_secs(160);

/// Longest time between two windows of a source, in seconds, unless one step is longer already: it is told something however
/// slow the machine is.
const LONGEST_HOP_S: f64 = 30.0;

/// Part of its time for which the thread may have work after hops got shorter.
const ROOM: f64 = 0.7;

/// What a block of a paced source earns, and what an evaluation costs for each hop of the factor. It is a little less: so
/// whoever has waited is soon in its place among the others.
const EARNED: u64 = 8;
const PRICE: u64 = 7;

/// Lateness that is at least this part of what it was has not fallen.
const NOT_FALLEN: f64 = 0.95;

/// What was decided just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Hops are longer from now on.
    Longer,
    /// Hops are shorter from now on.
    Shorter,
}

/// The load of one thread.
#[derive(Debug)]
pub(super) struct Load {
    hop_s: f64,
    /// Runs of the encoder for a patch that does not follow the one before; 1 if there is none, or it keeps nothing.
    runs: u64,
    /// By how much the model's work is to become less; 1 if nothing is left out.
    relief: u64,
    /// Earned by blocks of paced sources, spent by those that are evaluated: so evaluations are spread, also when many
    /// sources could have theirs at once.
    credit: u64,
    began: Duration,
    /// The latest of the second half of this interval.
    worst: Duration,
    /// The latest of the interval before, if that was too late.
    before: Option<Duration>,
    /// Intervals in a row in which lateness did not fall.
    rising: u32,
    calm_since: Duration,
    /// Time that paced sources have taken since then.
    busy: Duration,
    calm: Duration,
    /// When hops became shorter, until it is known whether that is borne.
    tried: Option<Duration>,
}

impl Load {
    /// For the sources of this model.
    pub fn new(manifest: &Manifest) -> Self {
        let state = manifest.encoder.as_ref().and_then(|encoder| encoder.state.as_ref());
        let runs = 1 + state.map_or(0, |state| state.warm_up as u64);
        Self::of(manifest.window.stride as f64 * manifest.features.hop_seconds(), runs)
    }

    /// For hops of so many seconds. A hop that does not follow the one before costs so many runs.
    fn of(hop_s: f64, runs: u64) -> Self {
        Self {
            hop_s,
            runs,
            relief: 1,
            credit: 0,
            began: Duration::ZERO,
            worst: Duration::ZERO,
            before: None,
            rising: 0,
            calm_since: Duration::ZERO,
            busy: Duration::ZERO,
            calm: CALM,
            tried: None,
        }
    }

    /// One that has halved the work.
    #[cfg(test)]
    pub fn halved(self) -> Self {
        Self { relief: 2, ..self }
    }

    /// Every how manyth block of a paced source is evaluated; 1 if nothing is left out. Half the work of `runs` runs a window
    /// and none in between needs twice `runs` blocks, a third three times as many: between 1 and that there is nothing
    /// that would relieve.
    pub fn factor(&self) -> u64 {
        if self.relief == 1 { 1 } else { self.relief * self.runs }
    }

    /// Seconds from one window of a source to the next.
    pub fn hop_s(&self) -> f64 {
        self.factor() as f64 * self.hop_s
    }

    /// The largest factor.
    fn most(&self) -> u64 {
        self.most_relief() * self.runs
    }

    fn most_relief(&self) -> u64 {
        ((LONGEST_HOP_S / self.hop_s) as u64 / self.runs).max(2)
    }

    /// A paced source's block is taken at `now`, having waited for so long since it was complete.
    pub fn saw(&mut self, now: Duration, waited: Duration) -> Option<Change> {
        // In the first half of an interval comes what was late before a longer hop could show its effect.
        let of_interval = now.saturating_sub(self.began);
        if of_interval < INTERVAL / 2 {
            return None;
        }
        self.worst = self.worst.max(waited);
        if of_interval < INTERVAL {
            return None;
        }
        let passed = now.saturating_sub(std::mem::replace(&mut self.began, now)).as_secs_f64();
        let worst = std::mem::take(&mut self.worst);
        let before = self.before.take();
        if worst <= LATE {
            self.rising = 0;
            return self.shorten(now);
        }
        self.before = Some(worst);
        (self.calm_since, self.busy) = (now, Duration::ZERO);
        // Once may be a hiccup, and what falls needs nothing more.
        let Some(before) = before.filter(|before| worst >= before.mul_f64(NOT_FALLEN)) else {
            self.rising = 0;
            return None;
        };
        self.rising += 1;
        // Sources that all begin at once, whose first windows cost most, are late for a while and need nothing either.
        if self.relief == self.most_relief() || (self.rising < 2 && worst < 2 * LATE) {
            return None;
        }
        self.rising = 0;
        // What comes in a second and is not dealt with in it.
        let rest = worst.saturating_sub(before).as_secs_f64() / passed;
        let times = 1.0 / (1.0 - rest.min(0.75));
        if self.tried.take().is_some() {
            self.calm = (self.calm * 2).min(LONGEST_CALM);
        }
        self.relief =
            (self.relief * 2).max((self.relief as f64 * times).ceil() as u64).min(self.most_relief());
        self.credit = 0;
        Some(Change::Longer)
    }

    /// The thread was busy for so long with a block of a paced source.
    pub fn worked(&mut self, time: Duration) {
        self.busy += time;
    }

    /// After so much calm the least that leaves some room; at most half at once. Turns are spread, so it need not wait for
    /// everybody's.
    fn shorten(&mut self, now: Duration) -> Option<Change> {
        let calm = now.saturating_sub(self.calm_since);
        if calm < self.calm {
            return None;
        }
        let busy = self.busy.as_secs_f64() / calm.as_secs_f64();
        (self.calm_since, self.busy) = (now, Duration::ZERO);
        // Just above what can be borne it takes long until anything is late.
        let borne = self.tried.is_some_and(|tried| now.saturating_sub(tried) >= LONGEST_CALM);
        if borne || (self.tried.is_none() && self.relief == 1) {
            (self.tried, self.calm) = (None, CALM);
        }
        let enough = ((self.relief as f64 * busy / ROOM).ceil() as u64).max(self.relief.div_ceil(2)).max(1);
        if enough >= self.relief {
            return None;
        }
        self.relief = enough;
        self.tried = Some(now);
        Some(Change::Shorter)
    }

    /// After hops became longer: hops since the source at this place among all was evaluated, as [`takes`](Self::takes) is to
    /// count them. Sources that were all evaluated just now get their turns one after the other.
    pub fn spread(&self, hops: u64, place: u64) -> u64 {
        hops.max(place % self.factor())
    }

    /// Whether the block of a paced source is evaluated that is the `hops`th after the last one that was; not if it is not
    /// `wanted`.
    pub fn takes(&mut self, hops: u64, wanted: bool) -> bool {
        let factor = self.factor();
        if factor == 1 {
            return wanted;
        }
        let price = PRICE * factor;
        self.credit = (self.credit + EARNED).min(2 * price);
        let waits_long = hops >= (2 * factor).min(self.most());
        if !wanted || hops < factor || (self.credit < price && !waits_long) {
            return false;
        }
        self.credit = self.credit.saturating_sub(price);
        true
    }
}
