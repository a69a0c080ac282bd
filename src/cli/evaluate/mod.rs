//! `genrecast evaluate`: a model measured on clips whose genre is known, through the same pipeline as live sound.
//! Touch it when there is another way to name the clips or to tell the result.

mod clips;
mod list;
mod matrix;
mod palette;
mod readable;
mod report;
mod svg;
mod work;

use std::fs::OpenOptions;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, ValueHint};
use genrecast::hearing::{Ears, Listener};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{Failure, Status};
use super::report::print;
use super::{CommonArguments, setup};
use clips::{Passed, Selection};
use report::{Report, Unheard};
use work::Answer;

/// How many names are told of what was passed over; `--json` has them all.
const NAMES_TOLD: usize = 10;

#[derive(Args)]
#[command(
    after_help = "Exit status 5 if a clip could not be heard, or not to its end: it is told, and the rest is evaluated"
)]
pub(super) struct EvaluateArguments {
    /// A folder that has a folder of clips for each genre, named as the model names it
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    folder: PathBuf,
    /// The clips in a CSV file instead: columns clip (a file in DIR, with or without its suffix), genre and perhaps split
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    list: Option<PathBuf>,
    /// Only the clips of this split
    #[arg(long, value_name = "SPLIT", requires = "list")]
    split: Option<String>,
    #[command(flatten)]
    common: CommonArguments,
    /// How many clips are heard at once [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Draw the confusion matrix into this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    svg: Option<PathBuf>,
    /// Print JSON with every clip
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &EvaluateArguments) -> Result<ExitCode, Failure> {
    let loaded = setup::configuration(&arguments.common, Vec::new())?;
    loaded.warnings.iter().for_each(|warning| eprintln!("genrecast: {warning}"));
    let model = Arc::new(setup::model(&loaded.config)?);
    let labels = &model.manifest.labels;
    let (folder, id) = (&arguments.folder, &model.manifest.id);
    let Selection { clips, left_out } = match &arguments.list {
        Some(list) => list::of_list(list, arguments.split.as_deref(), folder, id, labels)?,
        None => clips::of_folder(folder, id, labels)?,
    };
    if let Some(svg) = &arguments.svg {
        is_writable(svg)?;
    }
    let runtime = setup::runtime(&loaded.config)?;
    let decide = loaded.config.decisions();
    // A clip's score does not ask what else is heard in it.
    let ears = Ears { model: Arc::clone(&model), gate: None, runtime };
    let jobs = arguments.jobs.map_or_else(cores, usize::from);
    let bar = progress(clips.len());
    let right = AtomicUsize::new(0);
    let answers = work::hear(
        &clips,
        jobs,
        || Ok(Listener::open(ears.clone(), decide)?),
        |answer| {
            let was_right = matches!(answer, Answer::Scored { scored, .. } if scored.is_right());
            let right = right.fetch_add(usize::from(was_right), Ordering::Relaxed) + usize::from(was_right);
            bar.set_message(format!("{right} right"));
            bar.inc(1);
        },
    );
    bar.finish_and_clear();
    let (info, input) = (ears.info(), folder.display().to_string());
    let report = Report::new(input, info, labels, clips, answers?, left_out).map_err(nothing_heard)?;
    tell(&report, arguments)
}

/// Prints and draws the report; what is wrong with single clips stands before it and in the exit status.
fn tell(report: &Report, arguments: &EvaluateArguments) -> Result<ExitCode, Failure> {
    for Passed { name, reason } in &report.failed {
        eprintln!("genrecast: {name}: {reason}");
    }
    for (name, damage) in report.damaged() {
        eprintln!("genrecast: {name}: {damage}; its result covers what could be heard");
    }
    if !report.left_out.is_empty() {
        eprintln!("genrecast: {}", told(&report.left_out));
    }
    if arguments.json {
        let json = serde_json::to_string(report).map_err(|error| Failure::new(Status::Other, error))?;
        print(&(json + "\n"))?;
    } else {
        print(&readable::text(report))?;
    }
    if let Some(path) = &arguments.svg {
        let drawing = svg::heat_map(&report.measures.confusion, &report.model.id);
        std::fs::write(path, drawing)
            .with_context(|| format!("cannot write {}", path.display()))
            .map_err(|error| Failure::new(Status::Other, error))?;
    }
    match (report.failed.len(), report.damaged().count()) {
        (0, 0) => Ok(ExitCode::SUCCESS),
        (failed, damaged) => {
            let error = anyhow!(
                "{failed} of the clips could not be heard and {damaged} not to the end; the result covers what could"
            );
            Err(Failure::new(Status::Damaged, error))
        }
    }
}

fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// A place that cannot be written is told before the clips are heard, not after. A file that is there keeps its content.
fn is_writable(file: &Path) -> Result<(), Failure> {
    let found = file.metadata();
    if found.as_ref().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        // A pipe's reader may come later.
        return Ok(());
    }
    let opened = OpenOptions::new().append(true).create(true).open(file);
    if opened.is_ok() && found.is_err() {
        // It is written when there is something to draw.
        std::fs::remove_file(file)?;
    }
    match opened {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = anyhow!("--svg {}: this file cannot be written: {error}", file.display());
            Err(Failure::new(Status::Usage, error))
        }
    }
}

fn progress(clips: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40.cyan/dim} {pos} of {len} clips, {msg}  {eta} left");
    let bar = ProgressBar::new(clips as u64);
    bar.enable_steady_tick(Duration::from_millis(200));
    style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style))
}

/// What was left out: how much, and of the first things the names.
fn told(left_out: &[Passed]) -> String {
    let names: Vec<_> = left_out.iter().take(NAMES_TOLD).map(|passed| passed.name.as_str()).collect();
    let more = match left_out.len() - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("left out {}, no clips in the folder of a genre: {}{more}", left_out.len(), names.join(", "))
}

fn nothing_heard(Unheard { failed, left_out, read }: Unheard) -> Failure {
    let Some(Passed { name, reason }) = failed.first().or(left_out.first()) else {
        return Failure::new(
            Status::Unreadable,
            anyhow!("there is no clip to evaluate: the folders are empty"),
        );
    };
    let more = match failed.len() + left_out.len() - 1 {
        0 => String::new(),
        more => format!("; nor could {more} more"),
    };
    let status = if read { Status::NotAudio } else { Status::Unreadable };
    Failure::new(status, anyhow!("no clip could be heard: {name}: {reason}{more}"))
}
