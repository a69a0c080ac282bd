//! `genrecast bench`: what this machine can do, for each model, runtime and device. Touch it when there is another way to say
//! what is measured; how is in `stream`.

mod batches;
mod clock;
mod laps;
mod memory;
mod readable;
mod report;
mod runtimes;
mod sound;
mod stream;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use clap::{Args, ValueHint};
use genrecast::config::Config;
use genrecast::manifest::Role;
use genrecast::model::{Model, Runtime, find_model, list_models};
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{Failure, Status};
use super::report::print;
use super::{CommonArguments, DeviceFlag, RuntimeFlag, setup};
use report::{Measured, Report, SoundInfo, Unmeasured};
use sound::Sound;
use stream::{Ears, Stream, Sums};

/// Hops of each kind that are heard in any case, and at most.
const FEWEST: u32 = 4;
const MOST: u32 = 4_000;

/// Shares of the time: until it is warm, for runs for several sources where there are any, and for the memory.
const WARM_UP: f64 = 0.25;
const BATCHES: f64 = 0.25;
const MEMORY: f64 = 0.2;

/// Length of a stream's ring where no source is configured.
const RING_SECONDS: f64 = 4.0;

#[derive(Args)]
pub(super) struct BenchArguments {
    /// Configuration file [default: the first of $XDG_CONFIG_HOME/genrecast/config.toml and /etc/genrecast/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// Folder name of a model; may be given several times [default: the configured one]
    #[arg(long, value_name = "ID", conflicts_with = "all")]
    model: Vec<String>,
    /// Every model of genres that is found
    #[arg(long)]
    all: bool,
    /// A place to look for models first
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    models: Option<String>,
    /// Inference runtime [default: the configured one, and if that is `auto` every one that is found]
    #[arg(long, value_enum)]
    runtime: Option<RuntimeFlag>,
    /// Where inference runs [default: the configured one, and if that is `auto` the CPU and, if it works, CUDA]
    #[arg(long, value_enum)]
    device: Option<DeviceFlag>,
    /// What is decoded: a file of any format that `classify` takes [default: the demo reel, if it is found]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    input: Option<PathBuf>,
    /// How long it may take, about
    #[arg(long, value_name = "S", default_value_t = 20.0, value_parser = seconds)]
    seconds: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 20".to_owned())?;
    if (0.1..=86_400.0).contains(&seconds) {
        return Ok(seconds);
    }
    Err("expected 0.1 to 86400 seconds".into())
}

pub(super) fn run(arguments: &BenchArguments) -> Result<ExitCode, Failure> {
    let common = CommonArguments {
        config: arguments.config.clone(),
        model: None,
        models: arguments.models.clone(),
        runtime: arguments.runtime,
        device: arguments.device,
    };
    let loaded = setup::configuration(&common, Vec::new())?;
    loaded.warnings.iter().for_each(|warning| eprintln!("genrecast: {warning}"));
    let config = &loaded.config;
    // The input first: a wrong name should be told at once.
    let sound = Sound::open(arguments.input.as_deref())?;
    let models = models(arguments, config)?;
    let gate = setup::gate(config)?;
    let (runtimes, notes) = runtimes::all(config)?;
    notes.iter().for_each(|note| eprintln!("genrecast: {note}"));
    let about = SoundInfo { input: sound.name(), rate_hz: sound.rate().hz() };
    let mut report = Report::new(about, gate.as_ref().map(|gate| gate.manifest.id.clone()));
    let pairs = models.len() * runtimes.len();
    let bench = Bench {
        config,
        sound,
        gate,
        budget: Duration::from_secs_f64(arguments.seconds / pairs.max(1) as f64),
        cores: report.machine.cores,
        bar: progress(pairs),
    };
    for (model, runtime) in
        models.iter().flat_map(|model| runtimes.iter().map(move |runtime| (model, runtime)))
    {
        match bench.measure(model, runtime) {
            Ok(measured) => report.results.push(measured),
            Err(failure) => report.failed.push(Unmeasured {
                model: model.manifest.id.clone(),
                runtime: runtime.name().into(),
                device: runtime.device().into(),
                error: failure.to_string(),
            }),
        }
        bench.bar.inc(1);
    }
    bench.bar.finish_and_clear();
    tell(&report, arguments.json)
}

fn tell(report: &Report, json: bool) -> Result<ExitCode, Failure> {
    if json {
        let json = serde_json::to_string(report).map_err(|error| Failure::new(Status::Other, error))?;
        print(&(json + "\n"))?;
    } else {
        print(&readable::text(report))?;
    }
    match report.failed.len() {
        0 => Ok(ExitCode::SUCCESS),
        failed => Err(Failure::new(
            Status::Model,
            anyhow!("{failed} of the models could not be measured: see above"),
        )),
    }
}

/// The models that were asked for.
fn models(arguments: &BenchArguments, config: &Config) -> Result<Vec<Model>, Failure> {
    let places = setup::places(config);
    if arguments.all {
        let all = list_models(&places).into_iter().map(|id| Ok(Model::load(&find_model(&id, &places)?)?));
        let of_genres = all.filter(|model| match model {
            Ok(model) => model.manifest.role == Role::Genre,
            Err(_) => true,
        });
        return of_genres.collect();
    }
    if arguments.model.is_empty() {
        return Ok(vec![setup::model(config)?]);
    }
    let load = |id: &String| Ok(Model::load(&find_model(id, &places)?)?.of_role(Role::Genre)?);
    arguments.model.iter().map(load).collect()
}

/// What all measurements share.
struct Bench<'a> {
    config: &'a Config,
    sound: Sound,
    gate: Option<Model>,
    /// For each.
    budget: Duration,
    cores: usize,
    bar: ProgressBar,
}

impl Bench<'_> {
    fn measure(&self, model: &Model, runtime: &Runtime) -> Result<Measured, Failure> {
        let (id, began) = (&model.manifest.id, Instant::now());
        self.bar.set_message(format!("{id} on {} ({})", runtime.name(), runtime.device()));
        let mut ears = Ears::open(model, self.gate.as_ref(), runtime)?;
        let decide = self.config.decisions();
        let mut stream = Stream::new(&ears, self.sound.again()?, model, runtime, &decide)?;
        let within = |share: f64| began.elapsed() < self.budget.mul_f64(share);
        let window = &model.manifest.window;
        let mut unmeasured = Sums::default();
        // Until a window is full, if there is time.
        let full = window.frames.max(window.first).div_ceil(window.stride) as u32;
        while unmeasured.windows == 0 || (unmeasured.hops < full && within(WARM_UP)) {
            stream.whole(&mut ears, &mut unmeasured)?;
            stream.in_stages(&mut ears, &mut unmeasured)?;
        }
        stream.latency.clear();
        let batches = if ears.classifiers.genre.batch() > 1 { BATCHES } else { 0.0 };
        let (mut whole, mut staged) = (Sums::default(), Sums::default());
        while whole.hops < FEWEST || (whole.hops < MOST && within(1.0 - MEMORY - batches)) {
            stream.whole(&mut ears, &mut whole)?;
            stream.in_stages(&mut ears, &mut staged)?;
        }
        let info = model.info(runtime);
        let mut measured = Measured::new(model, info, &whole, &staged, &mut stream.latency, self.cores);
        let hop = (whole.decode.wall + whole.line.wall) / whole.hops;
        measured.batches =
            batches::measure(&mut ears, &self.sound, model, &decide, self.budget.mul_f64(BATCHES))?;
        let most = self.budget.mul_f64(MEMORY);
        let ring_seconds = self.config.sources.first().map_or(RING_SECONDS, |source| source.ring_seconds);
        measured.memory_mb_per_stream =
            memory::of_a_stream(&mut ears, &self.sound, model, &decide, ring_seconds, hop, most)?;
        Ok(measured)
    }
}

fn progress(pairs: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} of {len} measured, now {msg}, {elapsed}");
    let bar = ProgressBar::new(pairs as u64);
    bar.enable_steady_tick(Duration::from_millis(200));
    style.map_or_else(|_| ProgressBar::hidden(), |style| bar.with_style(style))
}
