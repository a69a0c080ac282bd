//! `genrecast classify`: a file through the same pipeline as live sound. Touch it when its report must tell more;
//! the keys of `--json` are a contract, what people read is in `readable`.

mod readable;
mod segments;

use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, ValueHint};
use genrecast::event::{LabelScore, ModelInfo, SignalState, Silence};
use genrecast::manifest::Manifest;
use genrecast::pipeline::{DecideSettings, Outcome};
use genrecast::source::{Decoder, Mixdown, SourceUri, refuse_terminal_stdin};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::clip::{Ears, Listener, NOTHING_HEARD};
use super::exit::{Failure, Status};
use super::report::print;
use super::{CommonArguments, setup};
use readable::{Judge, Verdict};
use segments::{Segment, Segments};

#[derive(Args)]
pub(super) struct ClassifyArguments {
    /// A file, or - for standard input (a container, or raw PCM as -?pcm=s16le&rate=44100&channels=2)
    #[arg(required_unless_present = "raw", value_hint = ValueHint::FilePath)]
    path: Option<String>,
    /// What follows `-?`: an input that begins so looks like a short flag.
    #[arg(short = '?', hide = true, value_name = "FORMAT", conflicts_with = "path")]
    raw: Option<String>,
    #[command(flatten)]
    common: CommonArguments,
    /// How many genres to show
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    top: u16,
    /// Print JSON with every window
    #[arg(long)]
    json: bool,
}

impl ClassifyArguments {
    fn input(&self) -> String {
        match (&self.path, &self.raw) {
            (Some(path), _) => path.clone(),
            (None, raw) => format!("-?{}", raw.as_deref().unwrap_or_default()),
        }
    }
}

#[derive(Serialize)]
struct Report {
    input: String,
    duration_s: f64,
    model: ModelInfo,
    top: Vec<LabelScore>,
    windows: Vec<Window>,
    /// The stable genre over the file, as a live source would have told it in the end.
    segments: Vec<Segment>,
    /// What is wrong with the input, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
}

/// The report for programs, with what people are told.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    report: &'a Report,
    verdict: Verdict,
}

#[derive(Serialize)]
struct Window {
    start_s: f64,
    end_s: f64,
    provisional: bool,
    state: SignalState,
    /// What kind of silence, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    silence: Option<Silence>,
    top: Vec<LabelScore>,
    /// What is stable with this window.
    stable: String,
}

pub(super) fn run(arguments: &ClassifyArguments) -> Result<ExitCode, Failure> {
    let loaded = setup::configuration(&arguments.common, Vec::new())?;
    loaded.warnings.iter().for_each(|warning| eprintln!("genrecast: {warning}"));
    // The input first: a wrong name should be told at once.
    let input = arguments.input();
    let decoder = open(&input)?;
    let model = setup::model(&loaded.config)?;
    let gate = setup::gate(&loaded.config)?;
    let runtime = setup::runtime(&loaded.config)?;
    let decide = loaded.config.decisions();
    let models = Ears { model: &model, gate: gate.as_ref(), runtime: &runtime };
    let report = classify(input, arguments.top, decoder, models, &decide)?;
    let judge = Judge::new(&model.manifest, &decide);
    if arguments.json {
        let told = Told { report: &report, verdict: judge.verdict(&report) };
        let json = serde_json::to_string(&told).map_err(|error| Failure::new(Status::Other, error))?;
        print(&(json + "\n"))?;
    } else {
        print(&readable::text(&report, &judge))?;
    }
    match report.damage {
        None => Ok(ExitCode::SUCCESS),
        Some(damage) => {
            let error = anyhow!("{}: {damage}; the result covers what could be heard", report.input);
            Err(Failure::new(Status::Damaged, error))
        }
    }
}

fn open(path: &str) -> Result<Decoder, Failure> {
    if path != "-" && !path.starts_with("-?") {
        return Decoder::open_file(Path::new(path), Mixdown::default())
            .map_err(|error| Failure::of_source(path, error));
    }
    let uri: SourceUri =
        path.parse().map_err(|error| Failure::new(Status::Usage, anyhow::Error::new(error)))?;
    refuse_terminal_stdin()?;
    match uri {
        SourceUri::Stdin { pcm: Some(format), mixdown } => {
            Decoder::open_pcm(std::io::stdin(), format, mixdown)
        }
        uri => Decoder::open_stream(std::io::stdin(), None, uri.mixdown()),
    }
    .map_err(|error| Failure::of_source("standard input", error))
}

fn classify(
    input: String,
    top: u16,
    decoder: Decoder,
    ears: Ears<'_>,
    decide: &DecideSettings,
) -> Result<Report, Failure> {
    let manifest = &ears.model.manifest;
    let mut listener = Listener::open(ears, decide)?;
    let progress = progress(&decoder);
    let mut windows = Vec::new();
    let mut segments = Segments::default();
    let heard = listener.hear(
        decoder,
        |outcome, offset_s| {
            segments.push(outcome, offset_s);
            windows.push(window(manifest, top, outcome, offset_s));
        },
        |heard_s| progress.set_position((heard_s * 1000.0) as u64),
    )?;
    progress.finish_and_clear();
    let Some(p) = heard.p else {
        let error = anyhow!("{input}: {NOTHING_HEARD}");
        return Err(Failure::new(Status::NotAudio, error));
    };
    Ok(Report {
        input,
        duration_s: heard.duration_s,
        model: ears.model.info(ears.runtime),
        top: ranked(manifest, &p, top),
        segments: segments.ended(&manifest.labels, heard.duration_s),
        windows,
        damage: heard.damage,
    })
}

fn progress(decoder: &Decoder) -> ProgressBar {
    let milliseconds = decoder.expected_seconds().map(|seconds| (seconds * 1000.0) as u64);
    let Some(length) = milliseconds.filter(|_| std::io::stderr().is_terminal()) else {
        return ProgressBar::hidden();
    };
    let style = ProgressStyle::with_template("{bar:40.cyan/dim} {percent:>3} %  {eta} left");
    let bar = ProgressBar::new(length);
    bar.enable_steady_tick(Duration::from_millis(200));
    style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style))
}

fn window(manifest: &Manifest, top: u16, outcome: &Outcome, offset_s: f64) -> Window {
    Window {
        start_s: outcome.start_s + offset_s,
        end_s: outcome.end_s + offset_s,
        provisional: outcome.provisional,
        state: outcome.heard.into(),
        silence: Silence::of(outcome.heard),
        top: ranked(manifest, &outcome.p, top),
        stable: segments::name(&manifest.labels, outcome.stable.verdict),
    }
}

fn ranked(manifest: &Manifest, p: &[f32], top: u16) -> Vec<LabelScore> {
    let mut ranked = LabelScore::ranked(&manifest.labels, p);
    ranked.truncate(usize::from(top));
    ranked
}
