//! One stream on one thread, as the daemon's threads hear it one after the other: decoder, front, back, event.
//! Touch it when something joins that line.

use std::sync::Arc;
use std::time::{Duration, Instant};

use genrecast::daemon::Rehearsal;
use genrecast::features::Resampler;
use genrecast::model::{Model, ModelError, Runtime};
use genrecast::pipeline::{Back, Classifiers, DecideSettings, Front, Manifests, self_test};
use genrecast::units::SampleRate;

use super::clock::{Spent, cpu, timed};
use super::laps::{Laps, Timed};
use super::sound::Sound;
use crate::cli::exit::Failure;

/// Samples that go to the front at once, as in the daemon.
const PIECE: usize = 1152;

/// What hears, and on which runtime.
pub(super) struct Ears {
    pub manifests: Manifests,
    pub classifiers: Classifiers,
    pub genre: Arc<Laps>,
    pub gate: Option<Arc<Laps>>,
}

impl Ears {
    /// Opens sessions, which must pass the self-test.
    pub fn open(model: &Model, gate: Option<&Model>, runtime: &Runtime) -> Result<Self, ModelError> {
        let open = |model: &Model| {
            let mut classifier = model.classifier(runtime)?;
            self_test(model, &mut *classifier, runtime)?;
            Ok::<_, ModelError>(Timed::around(classifier))
        };
        let (genre, laps) = open(model)?;
        let (gate_session, gate_laps) = gate.map(open).transpose()?.unzip();
        Ok(Self {
            manifests: Manifests {
                genre: model.manifest.clone(),
                gate: gate.map(|gate| gate.manifest.clone()),
            },
            classifiers: Classifiers { genre, gate: gate_session },
            genre: laps,
            gate: gate_laps,
        })
    }
}

/// What hops took together.
#[derive(Debug, Default, Clone)]
pub(super) struct Sums {
    pub hops: u32,
    pub windows: u32,
    /// Of decoding.
    pub decode: Spent,
    /// Of everything behind it.
    pub line: Spent,
    /// Within `line`, where stages are told apart.
    pub resample: Duration,
    pub front: Duration,
    pub front_with_gate: Duration,
    pub gate: Duration,
    pub push: Duration,
    pub evaluate: Duration,
    pub decide: Duration,
}

/// One stream, and what is needed to tell its stages apart.
pub(super) struct Stream {
    sound: Sound,
    samples: Vec<f32>,
    front: Front,
    back: Back,
    rehearsal: Rehearsal,
    /// The front's parts by themselves, on the same samples.
    resampler: Resampler,
    plain_front: Front,
    hop: usize,
    /// Of the last window of each hop: from its last samples to its event.
    pub latency: Vec<Duration>,
}

impl Stream {
    pub fn new(
        ears: &Ears,
        sound: Sound,
        model: &Model,
        runtime: &Runtime,
        decide: &DecideSettings,
    ) -> Result<Self, Failure> {
        let (rate, manifest) = (sound.rate(), &model.manifest);
        let to = SampleRate::new(manifest.features.sample_rate).unwrap_or(rate);
        let hop_s = manifest.window.stride as f64 * manifest.features.hop_seconds();
        Ok(Self {
            samples: Vec::new(),
            front: ears.manifests.front(rate)?,
            back: ears.manifests.back(&ears.classifiers, decide),
            rehearsal: Rehearsal::new(model.info(runtime), &manifest.labels, rate),
            resampler: Resampler::new(rate, to)?,
            plain_front: Front::new(manifest, rate)?,
            hop: (hop_s * f64::from(rate.hz())).round() as usize,
            latency: Vec::new(),
            sound,
        })
    }

    /// Hears one hop as the daemon does and adds what it took.
    pub fn whole(&mut self, ears: &mut Ears, sums: &mut Sums) -> Result<(), Failure> {
        sums.decode += self.sound.decode(self.hop, &mut self.samples)?;
        let Self { samples, front, back, rehearsal, latency, .. } = self;
        let (heard, spent) = timed(|| {
            samples.chunks(PIECE).try_for_each(|piece| {
                let began = Instant::now();
                let windows = hear(front, back, rehearsal, ears, piece, |_, _| ())?;
                if windows > 0 {
                    latency.push(began.elapsed());
                    sums.windows += windows;
                }
                Ok::<_, ModelError>(())
            })
        });
        heard?;
        sums.line += spent;
        sums.hops += 1;
        Ok(())
    }

    /// Hears one hop, with a look at the clock around each stage.
    pub fn in_stages(&mut self, ears: &mut Ears, sums: &mut Sums) -> Result<(), Failure> {
        sums.decode += self.sound.decode(self.hop, &mut self.samples)?;
        let Self { samples, front, back, rehearsal, resampler, plain_front, .. } = self;
        // The resampler takes whole chunks; what is left of the hop is as dear as the rest.
        let chunk = resampler.chunk();
        let whole = samples.len() / chunk * chunk;
        let ((), resampled) = timed(|| {
            samples.chunks_exact(chunk).for_each(|chunk| {
                std::hint::black_box(resampler.process(chunk));
            });
        });
        sums.resample += resampled.cpu.mul_f64(samples.len() as f64 / whole.max(1) as f64);
        sums.front += timed(|| plain_front.push(samples, |_| ())).1.cpu;
        let (mut behind, mut within) = (Duration::ZERO, Duration::ZERO);
        let before = Within::of(ears);
        let (windows, spent) = timed(|| {
            hear(front, back, rehearsal, ears, samples, |back, event| {
                behind += back;
                within += event;
            })
        });
        sums.windows += windows?;
        let after = Within::of(ears);
        sums.front_with_gate += spent.cpu.saturating_sub(behind + within);
        sums.gate += after.gate.saturating_sub(before.gate);
        sums.push += after.push.saturating_sub(before.push);
        sums.evaluate += after.evaluate.saturating_sub(before.evaluate);
        sums.decide += (behind + within).saturating_sub(after.sum().saturating_sub(before.sum()));
        sums.line += spent;
        sums.hops += 1;
        Ok(())
    }
}

/// CPU time within the models so far.
struct Within {
    gate: Duration,
    push: Duration,
    evaluate: Duration,
}

impl Within {
    fn of(ears: &Ears) -> Self {
        let gate = ears.gate.as_ref().map_or(Duration::ZERO, |laps| laps.push() + laps.evaluate());
        Self { gate, push: ears.genre.push(), evaluate: ears.genre.evaluate() }
    }

    fn sum(&self) -> Duration {
        self.gate + self.push + self.evaluate
    }
}

/// Samples through front, back and event; gives the number of windows. `behind` is told what the back and the event took.
fn hear(
    front: &mut Front,
    back: &mut Back,
    rehearsal: &mut Rehearsal,
    ears: &mut Ears,
    samples: &[f32],
    mut behind: impl FnMut(Duration, Duration),
) -> Result<u32, ModelError> {
    let (mut windows, mut failed) = (0, None);
    front.push(samples, |block| {
        let began = cpu();
        let classified = ears.classifiers.push(back, block, true);
        let then = cpu();
        match classified {
            Ok(Some(outcome)) => {
                std::hint::black_box(rehearsal.window(outcome, then.saturating_sub(began)));
                windows += 1;
            }
            Ok(None) => {}
            Err(error) => failed = Some(error),
        }
        behind(then.saturating_sub(began), cpu().saturating_sub(then));
    });
    failed.map_or(Ok(windows), Err)
}
