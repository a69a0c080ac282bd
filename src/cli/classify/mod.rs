//! `genrecast classify`: a file through the same pipeline as live sound. Touch it when its report must tell more;
//! the keys of `--json` are a contract, what people read is in `readable`.

mod readable;

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::{Args, ValueHint};
use genrecast::hearing::{
    Audience, ClipAnswer, Ears, Judge, Listener, NOTHING_HEARD, Notes, Reservation, hear,
};
use genrecast::pipeline::{DecideSettings, Outcome};
use genrecast::source::{Decoder, Mixdown, SourceUri, refuse_terminal_stdin};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::exit::{Failure, Status};
use super::report::print;
use super::{CommonArguments, setup};

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

/// The report; for people its answer is put into words.
#[derive(Serialize)]
struct Report {
    input: String,
    duration_s: f64,
    #[serde(flatten)]
    answer: ClipAnswer,
    /// What is wrong with the input, if anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<String>,
    /// Why no genre can be named, if none can.
    #[serde(skip)]
    reservation: Option<Reservation>,
    /// Below this probability a window is not named.
    #[serde(skip)]
    abstain_below: f32,
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
    let ears = Ears { model: Arc::new(model), gate: gate.map(Arc::new), runtime };
    let report = classify(input, usize::from(arguments.top), decoder, ears, decide)?;
    if arguments.json {
        let json = serde_json::to_string(&report).map_err(|error| Failure::new(Status::Other, error))?;
        print(&(json + "\n"))?;
    } else {
        print(&readable::text(&report))?;
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
    top: usize,
    decoder: Decoder,
    ears: Ears,
    decide: DecideSettings,
) -> Result<Report, Failure> {
    let manifest = ears.model.manifest.clone();
    let info = ears.info();
    let mut listener = Listener::open(ears, decide)?;
    let mut watching = Watching { progress: progress(&decoder), notes: Notes::new(&manifest, &decide, top) };
    let clip = hear(decoder, &mut [&mut listener], &mut watching)?;
    watching.progress.finish_and_clear();
    let Some(p) = clip.p.into_iter().next().flatten() else {
        let error = anyhow!("{input}: {NOTHING_HEARD}");
        return Err(Failure::new(Status::NotAudio, error));
    };
    let (answer, reservation) = watching.notes.answer(info, &p, clip.duration_s);
    let abstain_below = Judge::new(&manifest, &decide).abstain_below;
    Ok(Report { input, duration_s: clip.duration_s, answer, damage: clip.damage, reservation, abstain_below })
}

/// Takes notes and shows how far it is.
struct Watching {
    progress: ProgressBar,
    notes: Notes,
}

impl Audience for Watching {
    fn window(&mut self, _listener: usize, outcome: &Outcome, offset_s: f64) {
        self.notes.push(outcome, offset_s);
    }

    fn heard(&mut self, seconds: f64) -> ControlFlow<()> {
        self.progress.set_position((seconds * 1000.0) as u64);
        ControlFlow::Continue(())
    }
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
