//! From what was measured to what a machine can carry. Touch it when another figure is to be told; the keys of `--json` are a
//! contract.

use std::time::Duration;

use genrecast::event::ModelInfo;
use genrecast::model::Model;
use serde::Serialize;

use super::batches::Batch;
use super::laps::Stages;
use super::stream::Sums;

/// Hops for which the number of streams is told, in seconds.
const HOPS_S: [f64; 3] = [1.0, 3.0, 5.0];

/// A window may end so little before it is due, in seconds: as in the daemon.
const TOLERANCE_S: f64 = 0.05;

/// Said with every report.
const MEASURED: &str = "times, by really hearing, warm, on one thread: CPU time of the thread, and by the clock from a window's last \
samples to its event (p50, p99); memory, as the growth of the process by further streams (decoder, ring, features, state of the models)";
const EXTRAPOLATED: &str = "numbers of streams: a second of a core divided by the CPU time that a second of a stream takes of it; \
at longer hops fewer evaluations and events, the rest as it is; all cores alike. Not in it: network, changes between threads, history, \
subscribers beyond one";

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub version: &'static str,
    /// `release` or `debug`.
    pub build: &'static str,
    pub machine: Machine,
    pub sound: SoundInfo,
    /// The gate's model.
    pub gate: Option<String>,
    pub results: Vec<Measured>,
    /// What could not be measured.
    pub failed: Vec<Unmeasured>,
    pub measured: &'static str,
    pub extrapolated: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Machine {
    pub processor: Option<String>,
    pub cores: usize,
}

#[derive(Debug, Serialize)]
pub(super) struct SoundInfo {
    pub input: String,
    pub rate_hz: u32,
}

/// One model on one runtime and device.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub model: ModelInfo,
    /// Seconds of sound from one window to the next.
    pub hop_s: f64,
    /// Hops that the figures are of: half of them heard as the daemon does, half with a look at the clock around each stage.
    pub hops: u32,
    /// Of the first half.
    pub cpu_ms_per_hop: f64,
    pub wall_ms_per_hop: f64,
    /// Of the second half, in CPU milliseconds a hop.
    pub stages_ms: Stages,
    /// From a window's last samples to its event, without queues.
    pub latency_ms: Latency,
    pub memory_mb_per_stream: Option<f64>,
    /// Runs for several sources; none where a run is for one.
    pub batches: Vec<Batch>,
    pub streams: Vec<Streams>,
}

#[derive(Debug, Serialize)]
pub(super) struct Unmeasured {
    pub model: String,
    pub runtime: String,
    pub device: String,
    pub error: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
}

/// How many streams there can be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Streams {
    /// What `hop_seconds` says.
    pub hop_s: f64,
    /// What comes of it, because windows end on the model's grid.
    pub real_hop_s: f64,
    /// CPU milliseconds that a second of a stream takes.
    pub cpu_ms_per_second: f64,
    pub per_core: f64,
    pub machine: f64,
}

impl Report {
    pub fn new(sound: SoundInfo, gate: Option<String>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            version: env!("CARGO_PKG_VERSION"),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            machine: Machine { processor: processor(), cores },
            sound,
            gate,
            results: Vec::new(),
            failed: Vec::new(),
            measured: MEASURED,
            extrapolated: EXTRAPOLATED,
        }
    }
}

impl Measured {
    /// `whole` are hops heard as the daemon does, `staged` those with stages told apart; at least one of each.
    pub fn new(
        model: &Model,
        info: ModelInfo,
        whole: &Sums,
        staged: &Sums,
        latency: &mut [Duration],
        cores: usize,
    ) -> Self {
        let hop_s = model.manifest.window.stride as f64 * model.manifest.features.hop_seconds();
        let of_whole = |time: Duration| milliseconds(time) / f64::from(whole.hops.max(1));
        let cpu_ms_per_hop = of_whole(whole.decode.cpu + whole.line.cpu);
        let (stages, per_window) = stages(staged);
        // The share of what only windows need holds for the undisturbed hops too.
        let for_windows = if stages.sum() > 0.0 { cpu_ms_per_hop * per_window / stages.sum() } else { 0.0 };
        let streams = HOPS_S.map(|asked| Streams::new(asked, hop_s, cpu_ms_per_hop, for_windows, cores));
        Self {
            model: info,
            hop_s,
            hops: whole.hops + staged.hops,
            cpu_ms_per_hop,
            wall_ms_per_hop: of_whole(whole.decode.wall + whole.line.wall),
            stages_ms: stages,
            latency_ms: Latency::of(latency),
            memory_mb_per_stream: None,
            batches: Vec::new(),
            streams: streams.to_vec(),
        }
    }
}

/// The stages of a hop, and what of them only windows need.
fn stages(sums: &Sums) -> (Stages, f64) {
    let per_hop = |time: Duration| milliseconds(time) / f64::from(sums.hops.max(1));
    let has_gate = sums.gate > Duration::ZERO;
    // Without a gate both fronts do the same, and the one within the line is what counts.
    let front = if has_gate { sums.front } else { sums.front_with_gate };
    let decide = per_hop(sums.decide);
    let stages = Stages {
        decode: per_hop(sums.decode.cpu),
        resample: per_hop(sums.resample.min(front)),
        features: per_hop(front.saturating_sub(sums.resample)),
        gate: per_hop(sums.front_with_gate.saturating_sub(front) + sums.gate),
        inference: per_hop(sums.push + sums.evaluate),
        decide,
    };
    (stages, per_hop(sums.evaluate) + decide)
}

impl Streams {
    /// `hop_ms` is the CPU time of a hop of `stride_s`, of which `window_ms` are spent on its window only.
    fn new(hop_s: f64, stride_s: f64, hop_ms: f64, window_ms: f64, cores: usize) -> Self {
        let strides = ((hop_s - TOLERANCE_S) / stride_s).ceil().max(1.0);
        let real_hop_s = strides * stride_s;
        let cpu_ms_per_second = (hop_ms - window_ms) / stride_s + window_ms / real_hop_s;
        let per_core = if cpu_ms_per_second > 0.0 { 1000.0 / cpu_ms_per_second } else { 0.0 };
        Self { hop_s, real_hop_s, cpu_ms_per_second, per_core, machine: per_core * cores as f64 }
    }
}

impl Latency {
    /// Nearest rank; zeros where there was no window.
    pub fn of(times: &mut [Duration]) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            let place = (times.len() as f64 * share) as usize;
            times.get(place.min(times.len().saturating_sub(1))).map_or(0.0, |time| milliseconds(*time))
        };
        Self { p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn processor() -> Option<String> {
    let information = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line =
        information.lines().find(|line| line.starts_with("model name") || line.starts_with("Model"))?;
    line.split_once(':').map(|(_, name)| name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::clock::Spent;

    const MS: Duration = Duration::from_millis(1);

    fn sums() -> Sums {
        Sums {
            hops: 2,
            windows: 2,
            decode: Spent { cpu: 4 * MS, wall: 4 * MS },
            line: Spent { cpu: 40 * MS, wall: 80 * MS },
            resample: 2 * MS,
            front: 6 * MS,
            front_with_gate: 8 * MS,
            gate: 4 * MS,
            push: 20 * MS,
            evaluate: 6 * MS,
            decide: 2 * MS,
        }
    }

    #[test]
    fn stages_are_told_apart_and_add_up() {
        let (stages, windows) = stages(&sums());
        let expected =
            Stages { decode: 2.0, resample: 1.0, features: 2.0, gate: 3.0, inference: 13.0, decide: 1.0 };
        assert_eq!((stages, windows), (expected, 4.0));
        assert_eq!(stages.sum(), 22.0);
        let without = Sums { gate: Duration::ZERO, ..sums() };
        let (stages, _) = super::stages(&without);
        assert_eq!((stages.features, stages.gate), (3.0, 0.0));
    }

    #[test]
    fn longer_hops_save_only_what_windows_need() {
        let at = |hop_s| Streams::new(hop_s, 1.0, 20.0, 5.0, 2);
        assert_eq!((at(1.0).real_hop_s, at(1.0).cpu_ms_per_second), (1.0, 20.0));
        assert_eq!((at(1.0).per_core, at(1.0).machine), (50.0, 100.0));
        assert_eq!((at(5.0).real_hop_s, at(5.0).cpu_ms_per_second), (5.0, 16.0));
        // Three strides of 0.976 s are too early by more than is tolerated, so four it is.
        let off = Streams::new(3.0, 0.976, 20.0, 5.0, 1);
        assert!((off.real_hop_s - 4.0 * 0.976).abs() < 1e-9, "{off:?}");
        // A model whose grid is wider than what was asked for.
        assert_eq!(Streams::new(1.0, 2.0, 20.0, 5.0, 1).real_hop_s, 2.0);
    }

    #[test]
    fn quantiles_are_times_that_were_measured() {
        let mut times: Vec<Duration> = (1..=100).rev().map(|n| n * MS).collect();
        assert_eq!(Latency::of(&mut times), Latency { p50: 51.0, p99: 100.0, max: 100.0 });
        assert_eq!(Latency::of(&mut []), Latency { p50: 0.0, p99: 0.0, max: 0.0 });
    }
}
