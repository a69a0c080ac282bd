//! The music that is played, and where it is found again in what was captured.
//! Touch it when another signal is to be played.

use std::fmt;
use std::path::{Path, PathBuf};

use genrecast::features::Resampler;
use genrecast::source::{Decoded, Decoder, Mixdown};
use genrecast::units::SampleRate;
use hound::{SampleFormat, WavSpec, WavWriter};
use realfft::RealFftPlanner;

/// Rate of the sound server.
pub const RATE: u32 = 48_000;

/// Thirty seconds each, of unlike genres.
const CLIPS: [&str; 4] = ["blues.00006", "classical.00009", "metal.00006", "hiphop.00002"];

/// Two minutes of music at [`RATE`], every sample a multiple of 1/32768, and what it is.
pub fn music() -> (Vec<f32>, String) {
    let (paths, what): (Vec<PathBuf>, String) = match std::env::var_os("GENRECAST_TEST_DATA") {
        Some(data) => {
            let folder = Path::new(&data).join("gtzan_audio_flac");
            (CLIPS.iter().map(|clip| folder.join(format!("{clip}.flac"))).collect(), CLIPS.join(", "))
        }
        None => {
            (vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/reel.ogg")], "the demo reel".to_owned())
        }
    };
    let music = paths.iter().flat_map(|path| at_rate(path));
    (music.map(|sample| (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) / 32_768.0).collect(), what)
}

fn rate(hz: u32) -> SampleRate {
    SampleRate::new(hz).expect("not zero")
}

fn at_rate(path: &Path) -> Vec<f32> {
    let mut decoder = Decoder::open_file(path, Mixdown::default()).unwrap_or_else(|error| panic!("{error}"));
    let native = decoder.rate();
    let mut samples = Vec::new();
    loop {
        match decoder.next_block().expect("readable") {
            Decoded::Samples(block) => samples.extend_from_slice(block),
            other @ (Decoded::RateChanged(_)
            | Decoded::Title(_)
            | Decoded::Gap { .. }
            | Decoded::Stalled(_)) => {
                panic!("{}: {other:?}", path.display())
            }
            Decoded::End(ending) => {
                assert_eq!(ending.damage, None, "{}", path.display());
                break;
            }
        }
    }
    let mut resampler = Resampler::new(native, rate(RATE)).expect("usual rates");
    let mut resampled = Vec::new();
    let chunks = samples.chunks_exact(resampler.chunk());
    let rest = chunks.remainder();
    chunks.for_each(|chunk| resampled.extend_from_slice(resampler.process(chunk)));
    resampler.finish(rest, |samples| resampled.extend_from_slice(samples));
    resampled
}

/// Writes 16-bit samples.
pub fn write_pcm16(path: &Path, samples: &[f32]) {
    let spec =
        WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: SampleFormat::Int };
    let mut wav = WavWriter::create(path, spec).expect("created");
    for sample in samples {
        wav.write_sample((sample * 32_768.0) as i16).expect("written");
    }
    wav.finalize().expect("written");
}

/// Writes 32-bit floating-point samples.
pub fn write_f32(path: &Path, samples: &[f32]) {
    let spec =
        WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 32, sample_format: SampleFormat::Float };
    let mut wav = WavWriter::create(path, spec).expect("created");
    samples.iter().for_each(|&sample| wav.write_sample(sample).expect("written"));
    wav.finalize().expect("written");
}

/// `signal` from sample `lag` on in a silence of `length` samples.
pub fn placed(signal: &[f32], lag: usize, length: usize) -> Vec<f32> {
    let mut placed = vec![0.0; length];
    for (place, &sample) in placed.iter_mut().skip(lag).zip(signal) {
        *place = sample;
    }
    placed
}

/// Where a signal was found in what was captured.
pub struct Found {
    /// Lag of the signal in samples.
    pub lag: usize,
    /// The correlation coefficient at that lag.
    pub correlation: f64,
    /// The captured samples that differ from the signal at that lag in silence.
    pub differ: Vec<usize>,
    /// How many were captured.
    of: usize,
}

impl Found {
    /// Whether the signal is there without anything lost or doubled: one block would move all that follows it. Where
    /// the music begins, the sound server may still play a few samples of the silence before it.
    pub fn is_unbroken(&self) -> bool {
        self.correlation > 0.999 && self.differ.len() < RATE as usize / 10
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lag, correlation, differ, of } = self;
        write!(
            f,
            "lag {lag} samples, correlation {correlation:.6}, {} of {of} samples differ",
            differ.len()
        )?;
        match differ.as_slice() {
            [first, .., last] => {
                let after = |n: usize| n as i64 - *lag as i64;
                write!(f, " (from {} to {} after the begin of the music)", after(*first), after(*last))
            }
            _ => Ok(()),
        }
    }
}

/// Finds `played` in `heard`.
pub fn find(heard: &[f32], played: &[f32]) -> Found {
    let (lag, correlation) = best_lag(heard, played);
    let truth = placed(played, lag, heard.len());
    let differ = (0..heard.len()).filter(|&n| (heard[n] - truth[n]).abs() > 1e-6).collect();
    Found { lag, correlation, differ, of: heard.len() }
}

/// The lag at which `heard` and `played` correlate best, in samples, and the correlation coefficient there.
fn best_lag(heard: &[f32], played: &[f32]) -> (usize, f64) {
    let length = (heard.len() + played.len()).next_power_of_two();
    let mut planner = RealFftPlanner::<f32>::new();
    let (forward, inverse) = (planner.plan_fft_forward(length), planner.plan_fft_inverse(length));
    let spectrum = |samples: &[f32]| {
        let mut padded = placed(samples, 0, length);
        let mut spectrum = forward.make_output_vec();
        forward.process(&mut padded, &mut spectrum).expect("sizes fit");
        spectrum
    };
    let mut product = spectrum(heard);
    product.iter_mut().zip(spectrum(played)).for_each(|(heard, played)| *heard *= played.conj());
    let mut correlation = inverse.make_output_vec();
    inverse.process(&mut product, &mut correlation).expect("sizes fit");
    let lag = (0..heard.len()).max_by(|&a, &b| correlation[a].total_cmp(&correlation[b])).expect("samples");
    let overlap = &heard[lag..];
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum::<f64>();
    let norm =
        dot(played, played).sqrt() * dot(&heard[lag..(lag + played.len()).min(heard.len())], overlap).sqrt();
    (lag, dot(overlap, played) / norm)
}
