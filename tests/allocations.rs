//! Proves that a hop in the steady state takes nothing from the heap: ring → features → model's state → decision.
//!
//! What the inference runtime takes for a run is counted apart and printed. The way between the daemon's threads, which
//! is not public, is measured in `src/daemon/tests/hop.rs`. Touch it when something joins the line.

mod support;

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use allocation_counter::measure;
use genrecast::manifest::{Kind, NetworkFile, Tensor};
use genrecast::model::{
    Classifier, Model, ModelError, ModelState, Runtime, RuntimeChoice, RuntimeSettings, TensorView,
};
use genrecast::pipeline::{Back, DecideSettings, Front, Outcome};
use genrecast::source::{Read, RingReader, RingWriter, ring};
use genrecast::units::SampleRate;
use libtest_mimic::{Arguments, Failed, Trial};
use support::models::{model, open};
use support::{music, onnxruntime};

/// Asks this program to count with ONNX Runtime, in a process in which nothing else has run.
const WITH_ONNXRUNTIME: &str = "count-with-onnxruntime";

const MODELS: [&str; 7] =
    ["toy-window", "toy-encoder", "toy-stream", "cnn", "crnn", "musicnn-crnn", "gate-speech-music"];

/// Hops that are measured, after the window has become full.
const HOPS: usize = 40;

/// Seconds of audio before them: more than any window, so that the networks' inputs have their last shape.
const WARM_UP_S: f64 = 33.0;

/// Samples the source writes at a time.
const PERIOD: usize = 480;

fn main() {
    if std::env::args().nth(1).as_deref() == Some(WITH_ONNXRUNTIME) {
        let library = onnxruntime();
        return count_with(&RuntimeSettings { library, ..settings(RuntimeChoice::OnnxRuntime) });
    }
    let trials = vec![
        Trial::test("a_hop_takes_nothing_from_the_heap_with_tract", || {
            count_with(&settings(RuntimeChoice::Tract));
            Ok(())
        }),
        Trial::test("a_hop_takes_nothing_from_the_heap_with_onnxruntime", with_onnxruntime)
            .with_ignored_flag(onnxruntime().is_none()),
        Trial::test("control_the_counter_counts_in_the_callee", control),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn settings(runtime: RuntimeChoice) -> RuntimeSettings {
    RuntimeSettings { runtime, threads: 1, ..Default::default() }
}

fn with_onnxruntime() -> Result<(), Failed> {
    let ran = Command::new(std::env::current_exe()?).arg(WITH_ONNXRUNTIME).output()?;
    print!("{}", String::from_utf8_lossy(&ran.stdout));
    if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into()) }
}

fn count_with(settings: &RuntimeSettings) {
    let runtime = Runtime::start(settings).expect("the runtime starts");
    for id in MODELS {
        let model = model(id);
        let of_networks = runs_alone(&model, &runtime);
        for hz in [44_100, 48_000] {
            let hops = steady_hops(&model, &runtime, hz);
            let inside = hops.inside as f64 / HOPS as f64;
            println!(
                "{} {id} from {hz} Hz: {} outside the model, {inside} a hop inside",
                runtime.name(),
                hops.outside
            );
            assert_eq!(hops.outside, 0, "{id} from {hz} Hz");
            // The model's own code around its networks takes nothing either.
            assert_eq!(hops.inside, of_networks * HOPS as u64, "{id} from {hz} Hz");
        }
    }
}

/// Allocations in a stretch of hops.
struct Hops {
    outside: u64,
    inside: u64,
}

/// A model whose calls are measured.
struct Watched {
    model: Box<dyn Classifier>,
    allocations: Arc<AtomicU64>,
}

impl Watched {
    fn new(model: Box<dyn Classifier>) -> (Self, Arc<AtomicU64>) {
        let allocations = Arc::new(AtomicU64::new(0));
        (Self { model, allocations: Arc::clone(&allocations) }, allocations)
    }
}

impl Classifier for Watched {
    fn new_state(&self) -> ModelState {
        self.model.new_state()
    }

    fn push(&mut self, state: &mut ModelState, columns: &[f32], last: bool) -> Result<(), ModelError> {
        let mut result = Ok(());
        let seen = measure(|| result = self.model.push(state, columns, last));
        self.allocations.fetch_add(seen.count_total, Ordering::Relaxed);
        result
    }

    fn leave_out(&mut self, state: &mut ModelState, columns: &[f32]) {
        self.model.leave_out(state, columns);
    }

    fn evaluate(&mut self, state: &ModelState) -> Result<&[f32], ModelError> {
        let mut result = Ok(&[][..]);
        let seen = measure(|| result = self.model.evaluate(state));
        self.allocations.fetch_add(seen.count_total, Ordering::Relaxed);
        result
    }
}

/// The line from the ring to the outcome, on one thread.
struct Line {
    samples: Vec<f32>,
    position: usize,
    writer: RingWriter,
    reader: RingReader,
    scratch: Vec<f32>,
    front: Front,
    back: Back,
    classifier: Watched,
}

impl Line {
    /// Carries one period along; true if that completed a hop.
    fn step(&mut self, evaluate: bool, mut sink: impl FnMut(&Outcome)) -> bool {
        let next = self.position + PERIOD;
        self.writer.write(&self.samples[self.position..next]);
        self.position = if next + PERIOD <= self.samples.len() { next } else { 0 };
        let Read::Samples(count) = self.reader.read(&mut self.scratch) else {
            panic!("the ring holds what was written")
        };
        let mut hop = false;
        self.front.push(&self.scratch[..count], |block| {
            hop = true;
            let outcome = self.back.push(&mut self.classifier, block, evaluate).expect("runs");
            assert_eq!(outcome.is_some(), evaluate);
            outcome.into_iter().for_each(&mut sink);
        });
        hop
    }
}

fn steady_hops(model: &Model, runtime: &Runtime, hz: u32) -> Hops {
    let (classifier, allocations) = Watched::new(model.classifier(runtime).expect("opens"));
    let (writer, reader) = ring(hz as usize, Arc::default());
    let rate = SampleRate::new(hz).expect("not zero");
    let mut line = Line {
        samples: music(hz, 10.0),
        position: 0,
        writer,
        reader,
        scratch: vec![0.0; 4096],
        front: Front::new(&model.manifest, rate).expect("a usual rate"),
        back: Back::new(&model.manifest, &classifier, &DecideSettings::default()),
        classifier,
    };
    for _ in 0..(WARM_UP_S * f64::from(hz)) as usize / PERIOD {
        line.step(false, |_| {});
    }
    let mut hops = 0;
    let mut provisional = 0;
    // The first evaluations open what the runtime needs for this shape.
    while hops < 3 {
        hops += usize::from(line.step(true, |_| {}));
    }
    let inside_before = allocations.load(Ordering::Relaxed);
    let seen = measure(|| {
        hops = 0;
        while hops < HOPS {
            hops += usize::from(line.step(true, |outcome| {
                provisional += usize::from(outcome.provisional);
                black_box(outcome);
            }));
        }
    });
    assert_eq!(provisional, 0, "windows that were not full");
    let inside = allocations.load(Ordering::Relaxed) - inside_before;
    Hops { outside: seen.count_total - inside, inside }
}

/// Shape and values of each of a network's inputs; a free dimension is `free`.
fn inputs(file: &NetworkFile, free: usize, scale: f32) -> Vec<(Vec<usize>, Vec<f32>)> {
    let input = |tensor: &Tensor| {
        let shape: Vec<usize> = tensor.shape.iter().map(|&d| if d == 0 { free } else { d }).collect();
        let count: usize = shape.iter().product();
        (shape, (0..count).map(|n| 0.5 + (n % 17) as f32 * scale).collect())
    };
    file.inputs().map(input).collect()
}

fn views(inputs: &[(Vec<usize>, Vec<f32>)]) -> Vec<TensorView<'_>> {
    inputs.iter().map(|(shape, values)| TensorView { shape, values }).collect()
}

/// What the networks of a hop take when they run by themselves, one after the other as in a hop: tract's scratch space is
/// the thread's, and each may want it otherwise than the one before.
fn runs_alone(model: &Model, runtime: &Runtime) -> u64 {
    let manifest = &model.manifest;
    let files: Vec<(&NetworkFile, usize)> = match manifest.kind {
        Kind::Window => manifest.network.iter().map(|network| (network, 0)).collect(),
        Kind::EncoderHead => {
            let patches = manifest.patch.expect("an encoder").count(manifest.window.frames);
            manifest.encoder.iter().chain(&manifest.head).map(|file| (file, patches)).collect()
        }
    };
    let given = files.iter().map(|&(file, free)| [inputs(file, free, 0.0), inputs(file, free, 0.1)]);
    let given: Vec<_> = given.collect();
    let given: Vec<_> = given.iter().map(|[level, other]| [views(level), views(other)]).collect();
    let mut networks: Vec<_> = files.iter().map(|(file, _)| open(runtime, model, file)).collect();
    let mut hop = || {
        for (network, [level, _]) in networks.iter_mut().zip(&given) {
            assert!(!network.run(level).expect("runs")[0].is_empty());
        }
    };
    hop();
    hop();
    let seen = measure(hop);
    assert_eq!(seen.bytes_current, 0, "a hop keeps memory");
    // The tensors that are used again hold nothing back.
    for ((file, _), (network, [level, other])) in files.iter().zip(networks.iter_mut().zip(&given)) {
        let first = network.run(level).expect("runs").to_vec();
        let second = network.run(other).expect("runs").to_vec();
        first.iter().zip(&second).for_each(|(first, second)| assert_ne!(first, second));
        assert_eq!(second, open(runtime, model, file).run(other).expect("runs"));
    }
    seen.count_total
}

/// A model that takes one box a call.
struct Wasteful;

impl Classifier for Wasteful {
    fn new_state(&self) -> ModelState {
        unreachable!("not asked for")
    }

    fn push(&mut self, _: &mut ModelState, _: &[f32], _: bool) -> Result<(), ModelError> {
        Ok(())
    }

    fn leave_out(&mut self, _: &mut ModelState, _: &[f32]) {}

    fn evaluate(&mut self, _: &ModelState) -> Result<&[f32], ModelError> {
        drop(black_box(Box::new(7)));
        Ok(&[])
    }
}

fn control() -> Result<(), Failed> {
    let model = model("toy-window");
    let runtime = Runtime::start(&settings(RuntimeChoice::Tract))?;
    let state = model.classifier(&runtime)?.new_state();
    let (mut watched, inside) = Watched::new(Box::new(Wasteful));
    let seen = measure(|| {
        drop(black_box(vec![1, 2, 3]));
        let _ = black_box(watched.evaluate(&state));
    });
    assert_eq!((seen.count_total, inside.load(Ordering::Relaxed)), (2, 1));
    Ok(())
}
