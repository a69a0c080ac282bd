//! Several sources in one run, as a GPU hears them, give what each gives by itself: with every model, wherever each of them
//! stands in its stream, also beside one that has heard what is no number. Touch it with `src/pipeline/round.rs`.

mod support;

use genrecast::features::Level;
use genrecast::manifest::Role;
use genrecast::model::{Model, Runtime};
use genrecast::pipeline::{Back, Classifiers, DecideSettings, Manifests, MelBlock, Outcome, Turn, self_test};
use genrecast::units::SampleRate;
use libtest_mimic::{Arguments, Failed, Trial};
use support::models::{largest_difference, library, model, tract};
use support::{music, onnxruntime};

/// Most sources of a run; two runs are needed for all.
const BATCH: usize = 4;

/// Where each source begins to be heard, in rounds: so their windows are full at different times.
const BEGINS: [usize; 6] = [0, 0, 1, 3, 3, 9];

fn main() {
    let no_library = onnxruntime().is_none();
    let mut trials = vec![
        Trial::test("a_runtime_that_takes_one_source_at_a_time_hears_them_one_by_one", || {
            same(&tract().with_batch(BATCH), "toy-stream", 1, 0.0)
        }),
        Trial::test("what_is_no_number_costs_the_others_nothing", no_number).with_ignored_flag(no_library),
    ];
    // With its first axis fixed, a network hears one source at a time.
    for (id, batch) in [
        ("toy-stream", BATCH),
        ("toy-encoder", BATCH),
        ("toy-window", BATCH),
        ("musicnn-crnn", BATCH),
        ("cnn", BATCH),
        ("crnn", BATCH),
        ("ffnn", BATCH),
        ("pcrnn", BATCH),
        ("crnn-large", 1),
    ] {
        let heard = move || same(&library().with_batch(BATCH), id, batch, 1e-5);
        trials.push(Trial::test(format!("together_as_alone_{id}"), heard).with_ignored_flag(no_library));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A model of genres and the gate beside it.
struct Models {
    genre: Model,
    gate: Model,
    manifests: Manifests,
}

impl Models {
    fn of(id: &str) -> Self {
        let (genre, gate) = (model(id), model("gate-speech-music"));
        assert_eq!(gate.manifest.role, Role::Gate);
        let manifests = Manifests { genre: genre.manifest.clone(), gate: Some(gate.manifest.clone()) };
        Self { genre, gate, manifests }
    }

    fn open(&self, runtime: &Runtime) -> Classifiers {
        let open = |model: &Model| {
            let mut classifier = model.classifier(runtime).expect("opens");
            let difference = self_test(model, &mut *classifier, runtime).expect("proves itself");
            assert!(difference <= 1e-4);
            classifier
        };
        Classifiers { genre: open(&self.genre), gate: Some(open(&self.gate)) }
    }

    fn back(&self, classifiers: &Classifiers) -> Back {
        self.manifests.back(classifiers, &DecideSettings::default())
    }
}

/// What a source heard between two windows.
struct Block {
    columns: Vec<f32>,
    gate: Vec<f32>,
    origin_s: f64,
    end_s: f64,
    level: Level,
    last: bool,
}

impl Block {
    fn borrowed(&self) -> MelBlock<'_> {
        let Self { columns, gate, origin_s, end_s, level, last } = self;
        MelBlock { columns, gate, origin_s: *origin_s, end_s: *end_s, level: *level, last: *last }
    }
}

/// The blocks of as many sources as there are beginnings, each of other music; they end at different times, too.
fn blocks(models: &Models) -> Vec<Vec<Block>> {
    let rate = SampleRate::new(22_050).expect("not zero");
    let source = |place: usize| {
        let samples: Vec<f32> = music(rate.hz(), 46.0).split_off(place * 30_000);
        let mut blocks = Vec::new();
        let mut keep = |block: MelBlock<'_>| {
            blocks.push(Block {
                columns: block.columns.to_vec(),
                gate: block.gate.to_vec(),
                origin_s: block.origin_s,
                end_s: block.end_s,
                level: block.level,
                last: block.last,
            });
        };
        let mut front = models.manifests.front(rate).expect("a usual rate");
        front.push(&samples, &mut keep);
        front.finish(&mut keep);
        blocks
    };
    (0..BEGINS.len()).map(source).collect()
}

/// What happens at a block of a source: besides being heard with an answer it may be heard without, be left out, or be the
/// first after a gap. Elsewhere at each source.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    Answer,
    NoAnswer,
    LeaveOut,
    AfterGap,
}

impl Step {
    fn of(place: usize, block: usize) -> Self {
        match (place + block) % 23 {
            9 | 17 => Self::NoAnswer,
            12 | 13 if block > 5 => Self::LeaveOut,
            // So early that windows are full before the end.
            _ if block == 5 && place.is_multiple_of(2) => Self::AfterGap,
            _ => Self::Answer,
        }
    }

    /// Does what comes before the block is heard; false if it is not to be heard at all.
    fn before(self, classifiers: &mut Classifiers, back: &mut Back, block: &Block) -> bool {
        if self == Self::AfterGap {
            back.restart(&*classifiers.genre, block.end_s);
        }
        !(self == Self::LeaveOut && classifiers.leave_out(back, block.borrowed()))
    }
}

/// What each source gives by itself.
fn alone(models: &Models, runtime: &Runtime, sources: &[Vec<Block>]) -> Vec<Vec<Outcome>> {
    let mut classifiers = models.open(runtime);
    let mut of = |(place, blocks): (usize, &Vec<Block>)| {
        let mut back = models.back(&classifiers);
        let mut heard = |(index, block): (usize, &Block)| {
            let step = Step::of(place, index);
            if !step.before(&mut classifiers, &mut back, block) {
                return None;
            }
            let evaluate = step != Step::NoAnswer;
            classifiers.push(&mut back, block.borrowed(), evaluate).expect("runs").cloned()
        };
        blocks.iter().enumerate().filter_map(&mut heard).collect()
    };
    sources.iter().enumerate().map(&mut of).collect()
}

/// What they give in rounds; a source that fails is told by its place.
fn together(
    models: &Models,
    classifiers: &mut Classifiers,
    sources: &[Vec<Block>],
) -> (Vec<Vec<Outcome>>, Vec<usize>) {
    let mut backs: Vec<Back> = sources.iter().map(|_| models.back(classifiers)).collect();
    let (mut outcomes, mut failed) = (vec![Vec::new(); sources.len()], Vec::new());
    let rounds = sources.iter().zip(BEGINS).map(|(blocks, begins)| blocks.len() + begins).max().unwrap_or(0);
    for round in 0..rounds {
        let (places, mut turns): (Vec<_>, Vec<_>) = backs
            .iter_mut()
            .enumerate()
            .filter_map(|(place, back)| {
                let index = round.checked_sub(BEGINS[place])?;
                let (block, step) = (sources[place].get(index)?, Step::of(place, index));
                step.before(classifiers, back, block)
                    .then(|| (place, Turn::new(back, block.borrowed(), step != Step::NoAnswer)))
            })
            .unzip();
        classifiers.push_all(&mut turns);
        for (place, turn) in places.into_iter().zip(turns) {
            match turn.outcome() {
                Ok(outcome) => outcomes[place].extend(outcome.cloned()),
                Err(error) => {
                    assert!(error.to_string().contains("not a number"), "{error}");
                    failed.push(place);
                }
            }
        }
    }
    (outcomes, failed)
}

fn same(runtime: &Runtime, id: &str, batch: usize, tolerance: f32) -> Result<(), Failed> {
    let models = Models::of(id);
    let sources = blocks(&models);
    let mut classifiers = models.open(runtime);
    assert_eq!(classifiers.genre.batch(), batch, "sources a run");
    let (outcomes, failed) = together(&models, &mut classifiers, &sources);
    assert!(failed.is_empty(), "{failed:?}");
    let alone = alone(&models, &runtime.clone().with_batch(1), &sources);
    for (place, (one, other)) in outcomes.iter().zip(&alone).enumerate() {
        let difference = largest_difference(one, other);
        assert!(difference <= tolerance, "source {place}: {difference:e}");
        let decided = |outcomes: &[Outcome]| -> Vec<_> {
            outcomes.iter().map(|outcome| (outcome.heard, outcome.level, outcome.silent)).collect()
        };
        assert_eq!(decided(one), decided(other), "source {place}");
        assert!(one.len() > 25 && one.iter().any(|outcome| !outcome.provisional));
    }
    Ok(())
}

fn no_number() -> Result<(), Failed> {
    let models = Models::of("toy-stream");
    let mut sources = blocks(&models);
    let whole = alone(&models, &library(), &sources);
    assert!((6..11).all(|index| !matches!(Step::of(1, index), Step::LeaveOut | Step::AfterGap)));
    sources[1][7].columns[3] = f32::NAN;
    let mut classifiers = models.open(&library().with_batch(BATCH));
    let (outcomes, failed) = together(&models, &mut classifiers, &sources);
    assert!(!failed.is_empty() && failed.iter().all(|&place| place == 1), "{failed:?}");
    // Before, it gave what it gives by itself.
    let until = |outcomes: &[Outcome]| outcomes.iter().take(5).cloned().collect::<Vec<_>>();
    assert!(largest_difference(&until(&outcomes[1]), &until(&whole[1])) <= 1e-5);
    for place in [0, 2, 3, 4, 5] {
        let difference = largest_difference(&outcomes[place], &whole[place]);
        assert!(difference <= 1e-5, "source {place}: {difference:e}");
    }
    Ok(())
}
