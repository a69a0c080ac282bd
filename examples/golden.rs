//! Writes what `tests/golden/compare.py` holds against librosa: for each feature set a folder with `features.json`
//! and, per clip, `NAME.samples.f32` (mono, resampled) and `NAME.mel.f32` (columns, one frame after another).
//!
//!     cargo run --example golden -- FOLDER [CLIP…]
//!
//! Without clips it takes those of `$GENRECAST_TEST_DATA/gtzan_audio_flac`, else the demo reel.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use genrecast::features::{LogMel, Resampler};
use genrecast::manifest::FeatureSettings;
use genrecast::source::{Decoded, Decoder, Mixdown};
use genrecast::units::SampleRate;

const SETS: [(&str, &str); 2] = [
    (
        "db-22050",
        r#"{"sample_rate":22050,"n_fft":2048,"hop":1708,"window":"hann","pad":"reflect","n_mels":128,
            "mel_scale":"slaney","mel_norm":"slaney","fmin":0.0,"fmax":11025.0,"rounding":"none",
            "log":{"kind":"db","amin":1e-10}}"#,
    ),
    (
        "log10-16000",
        r#"{"sample_rate":16000,"n_fft":512,"hop":256,"window":"hann","pad":"reflect","n_mels":96,
            "mel_scale":"slaney","mel_norm":"slaney","fmin":0.0,"fmax":8000.0,"rounding":"none",
            "log":{"kind":"log10","scale":10000.0}}"#,
    ),
];

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().context("expected a folder to write to")?;
    let mut clips: Vec<PathBuf> = arguments.collect();
    if clips.is_empty() {
        clips = usual_clips()?;
    }
    for (name, json) in SETS {
        let settings: FeatureSettings = serde_json::from_str(json)?;
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("features.json"), json)?;
        for clip in &clips {
            let stem = clip.file_stem().unwrap_or_default().to_string_lossy();
            let samples =
                resampled(clip, settings.sample_rate).with_context(|| clip.display().to_string())?;
            let mut log_mel = LogMel::new(&settings);
            let mut columns = Vec::new();
            log_mel.push(&samples, |column| columns.extend_from_slice(column));
            log_mel.finish(|column| columns.extend_from_slice(column));
            write(&folder.join(format!("{stem}.samples.f32")), &samples)?;
            write(&folder.join(format!("{stem}.mel.f32")), &columns)?;
        }
    }
    Ok(())
}

fn usual_clips() -> Result<Vec<PathBuf>> {
    let Some(data) = std::env::var_os("GENRECAST_TEST_DATA") else {
        return Ok(vec![PathBuf::from("demo/reel.ogg")]);
    };
    let folder = PathBuf::from(data).join("gtzan_audio_flac");
    let mut clips = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        clips.push(entry?.path());
    }
    clips.sort();
    Ok(clips)
}

fn resampled(clip: &Path, to: u32) -> Result<Vec<f32>> {
    let mut decoder = Decoder::open_file(clip, Mixdown::default())?;
    let to = SampleRate::new(to).context("a rate above 0")?;
    let mut resampler = Resampler::new(decoder.rate(), to)?;
    let mut heard = Vec::new();
    while let Decoded::Samples(block) = decoder.next_block()? {
        heard.extend_from_slice(block);
    }
    let mut samples = Vec::new();
    let mut chunks = heard.chunks_exact(resampler.chunk());
    for chunk in &mut chunks {
        samples.extend_from_slice(resampler.process(chunk));
    }
    resampler.finish(chunks.remainder(), |block| samples.extend_from_slice(block));
    Ok(samples)
}

fn write(path: &Path, values: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
