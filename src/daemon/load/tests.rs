//! The controller of overload on a machine that is played: sources, a queue, and costs, in time that is counted and not
//! waited for. Touch it with `load.rs`.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::*;

/// What a block costs in seconds: evaluated as the next of each, evaluated after others were left out, left out.
#[derive(Clone, Copy)]
struct Costs {
    next: f64,
    later: f64,
    out: f64,
}

/// One thread that takes the blocks of its sources in the order in which they are complete.
struct Machine {
    load: Load,
    costs: Costs,
    hop_s: f64,
    /// When the next block of each source is complete, the earliest first, in microseconds.
    coming: BinaryHeap<Reverse<(u64, usize)>>,
    free_s: f64,
    /// Of each source: hops since it was evaluated, evaluations, most hops between two.
    sources: Vec<(u64, u64, u64)>,
    /// Whether it was evaluated at all.
    known: Vec<bool>,
    /// When the factor changed, and what it was then.
    changes: Vec<(f64, u64)>,
    latest_s: f64,
}

impl Machine {
    fn new(sources: usize, hop_s: f64, runs: u64, costs: Costs) -> Self {
        // Their blocks are complete one after the other, spread over a hop.
        let coming = (0..sources).map(|n| Reverse(((n as f64 / sources as f64 * hop_s * 1e6) as u64, n)));
        Self {
            load: Load::of(hop_s, runs),
            costs,
            hop_s,
            coming: coming.collect(),
            free_s: 0.0,
            sources: vec![(0, 0, 0); sources],
            known: vec![false; sources],
            changes: Vec::new(),
            latest_s: 0.0,
        }
    }

    /// The same, but all blocks of a hop are complete at the same time.
    fn in_phase(self) -> Self {
        let coming = self.coming.iter().map(|&Reverse((_, n))| Reverse((0, n))).collect();
        Self { coming, ..self }
    }

    /// Goes on until the thread comes to a block that is complete after `until_s`.
    fn run(&mut self, until_s: f64) {
        self.latest_s = 0.0;
        self.sources.iter_mut().for_each(|source| (source.1, source.2) = (0, 0));
        while let Some(&Reverse((at, n))) = self.coming.peek() {
            let ready_s = at as f64 / 1e6;
            if ready_s > until_s {
                return;
            }
            self.coming.pop();
            self.coming.push(Reverse((at + (self.hop_s * 1e6) as u64, n)));
            let now_s = self.free_s.max(ready_s);
            self.latest_s = self.latest_s.max(now_s - ready_s);
            let time = Duration::from_secs_f64;
            if let Some(change) = self.load.saw(time(now_s), time(now_s - ready_s)) {
                self.changes.push((now_s, self.load.factor()));
                if change == Change::Longer {
                    self.sources.iter_mut().enumerate().for_each(|(id, source)| {
                        source.0 = self.load.spread(source.0, id as u64);
                    });
                }
            }
            let source = &mut self.sources[n];
            source.0 += 1;
            let cost = match (self.load.takes(source.0, true), source.0) {
                (false, _) => self.costs.out,
                (true, hops) => {
                    *source = (0, source.1 + 1, source.2.max(hops));
                    let follows = std::mem::replace(&mut self.known[n], true) && hops == 1;
                    if follows { self.costs.next } else { self.costs.later }
                }
            };
            self.load.worked(time(cost));
            self.free_s = now_s + cost;
        }
    }

    fn counts(&self) -> (u64, u64) {
        let counts = self.sources.iter().map(|source| source.1);
        (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0))
    }

    fn longest(&self) -> u64 {
        self.sources.iter().map(|source| source.2).max().unwrap_or(0)
    }
}

/// One network over the whole window: leaving out is free.
fn window(cost: f64) -> Costs {
    Costs { next: cost, later: cost, out: 20e-6 }
}

/// As the default model: the encoder needs two runs more for a patch that does not follow the one before.
const ENCODER: Costs = Costs { next: 0.0127, later: 0.0335, out: 20e-6 };

#[test]
fn who_can_bear_it_leaves_nothing_out() {
    // Once a minute it stands still for three seconds.
    let mut machine = Machine::new(50, 1.0, 1, window(0.01));
    for minute in 1..=10 {
        machine.free_s += 3.0;
        machine.run(f64::from(minute) * 60.0);
    }
    let mut calm = Machine::new(95, 1.0, 1, window(0.01));
    calm.run(600.0);
    assert_eq!((calm.changes, calm.sources.iter().map(|source| source.2).max()), (vec![], Some(1)));
    assert_eq!(machine.changes, []);
    // All begin at once, and their first windows cost most.
    for sources in [44, 50, 55] {
        let mut start = Machine::new(sources, 0.976, 3, ENCODER).in_phase();
        start.run(600.0);
        assert_eq!(start.changes, [], "{sources}");
    }
}

#[test]
fn overload_lengthens_all_hops_alike_until_it_is_borne_and_stays_there() {
    for (sources, hop_s, runs, costs, factor) in [
        (150, 1.0, 1, window(0.01), 2..=3),
        (300, 1.0, 1, window(0.01), 4..=5),
        (1_000, 1.0, 1, window(0.01), 11..=16),
        (500, 0.5, 1, window(0.004), 4..=6),
        // Half of it is 6 strides, because each window takes three runs.
        (120, 0.976, 3, ENCODER, 6..=6),
        (300, 0.976, 3, ENCODER, 12..=15),
        (3, 1.0, 1, window(0.5), 2..=3),
        (1, 1.0, 1, window(1.5), 2..=3),
    ] {
        let told = format!("{sources} sources, hops of {hop_s} s, {runs} runs");
        let mut machine = Machine::new(sources, hop_s, runs, costs);
        machine.run(15.0);
        // The rings hold four seconds.
        assert!(machine.latest_s < 3.9, "{told}: {} s late", machine.latest_s);
        let (fewest, most) = machine.counts();
        assert!(most <= fewest + 3, "{told}: {fewest} to {most} windows");
        // By then it has found its place.
        machine.run(180.0);
        assert!(machine.counts().0 >= 6, "{told}: {} windows", machine.counts().0);
        let changed = machine.changes.len();
        machine.run(1_200.0);
        assert_eq!(machine.changes.len(), changed, "{told}: {:?}", machine.changes);
        assert!(factor.contains(&machine.load.factor()), "{told}: {:?}", machine.changes);
        assert!(machine.latest_s < 1.0, "{told}: {} s late", machine.latest_s);
        let (fewest, most) = machine.counts();
        assert!(most <= fewest + 1, "{told}: {fewest} to {most} windows");
        assert_eq!(machine.longest(), machine.load.factor(), "{told}");
    }
}

#[test]
fn a_machine_that_is_far_too_slow_still_tells_something_of_everybody() {
    let mut machine = Machine::new(200, 1.0, 1, window(0.5));
    machine.run(1_200.0);
    assert_eq!(machine.load.factor(), 30);
    let (fewest, most) = machine.counts();
    assert!(fewest >= 39 && most <= fewest + 2, "{fewest} to {most} windows");
    assert_eq!(machine.longest(), 30);
    // Where hops are long there is still a step.
    assert_eq!((Load::of(12.0, 3).most(), Load::of(0.976, 3).most(), Load::of(0.5, 1).most()), (6, 30, 60));
}

#[test]
fn hops_are_as_they_were_when_the_machine_has_time_again() {
    for (runs, costs, in_phase) in
        [(1, window(0.0127), false), (3, ENCODER, false), (1, window(0.0127), true), (3, ENCODER, true)]
    {
        let machine = Machine::new(400, 0.976, runs, costs);
        let mut machine = if in_phase { machine.in_phase() } else { machine };
        machine.run(60.0);
        assert!(machine.load.factor() > 5);
        // Nine of ten sources go.
        machine.coming.retain(|&Reverse((_, n))| n % 10 == 0);
        machine.run(240.0);
        assert_eq!(machine.load.factor(), 1, "{:?}", machine.changes);
        let changes = machine.changes.len();
        machine.run(900.0);
        assert_eq!(machine.changes.len(), changes, "{:?}", machine.changes);
        // Forty that come at once take half a second, one after the other.
        let bound = if in_phase { 0.6 } else { 0.1 };
        assert!(machine.latest_s < bound, "{}", machine.latest_s);
    }
}

#[test]
fn it_does_not_swing_where_less_is_always_too_much() {
    // A head so heavy that half the work is far less than half of what one hop in six takes.
    let mut machine = Machine::new(60, 1.0, 3, Costs { next: 0.02, later: 0.024, out: 20e-6 });
    machine.run(3_600.0);
    // Each time it waits twice as long, up to 160 s.
    let tries = machine.changes.iter().filter(|(_, factor)| *factor == 1).count();
    assert!((3..=24).contains(&tries), "{:?}", machine.changes);
    assert!(machine.latest_s < 3.9, "{} s late", machine.latest_s);
}
