//! A block of each of several sources in as few runs as the models allow: what a GPU gains by. The outcomes are those that
//! [`Classifiers::push`] gives for one after the other. Touch it with `back.rs` and `attention.rs`.

use super::{Back, Classifiers, MelBlock, Outcome};
use crate::model::{Classifier, ModelError, ModelState, Push};

/// A source's turn in a round.
pub struct Turn<'a> {
    back: &'a mut Back,
    block: MelBlock<'a>,
    evaluate: bool,
    failed: Option<ModelError>,
    /// Whether the model that hears just now is to answer for this source.
    answers: bool,
    judged: bool,
}

impl<'a> Turn<'a> {
    /// Of a source whose `back` is to take a block, and with `evaluate` to classify the window that ends with it.
    pub fn new(back: &'a mut Back, block: MelBlock<'a>, evaluate: bool) -> Self {
        Self { back, block, evaluate, failed: None, answers: false, judged: false }
    }

    /// What came of it.
    ///
    /// # Errors
    /// [`ModelError::Inference`] if the runtime failed on this source.
    pub fn outcome(self) -> Result<Option<&'a Outcome>, ModelError> {
        let Self { back, failed, judged, .. } = self;
        failed.map_or(Ok(judged.then(|| back.outcome())), Err)
    }

    /// A piece of what the gate's model is to hear, if it is to hear so many.
    fn piece(&mut self, piece: usize) -> Option<Push<'_>> {
        self.answers = false;
        let (attention, _) = self.back.attention().filter(|_| self.failed.is_none())?;
        if piece >= attention.pieces(self.block.gate) {
            return None;
        }
        let heard = attention.piece(self.block.gate, piece);
        self.answers = heard.last;
        Some(heard)
    }

    /// What the genre's model is to hear.
    fn columns(&mut self) -> Option<Push<'_>> {
        let hears = self.failed.is_none() && self.back.takes(self.block);
        self.answers = hears && self.evaluate;
        let MelBlock { columns, last, .. } = self.block;
        hears.then(|| Push { state: self.back.state(), columns, last, done: Ok(()) })
    }

    fn listened(&mut self, answer: Result<Vec<f32>, ModelError>) {
        match (answer, self.back.attention()) {
            (Ok(logits), Some((attention, gate))) => attention.answer(&logits, gate),
            (Ok(_), None) => {}
            (Err(error), _) => self.failed = Some(error),
        }
    }

    fn judged(&mut self, answer: Result<Vec<f32>, ModelError>) {
        match answer {
            Ok(logits) => {
                self.back.judge(self.block, &logits);
                self.judged = true;
            }
            Err(error) => self.failed = Some(error),
        }
    }
}

impl Classifiers {
    /// The most sources that a round can hear in one run.
    pub fn batch(&self) -> usize {
        self.genre.batch().max(self.gate.as_ref().map_or(1, |gate| gate.batch()))
    }

    /// Has each source take its turn, as [`push`](Self::push) does for one.
    pub fn push_all(&mut self, turns: &mut [Turn<'_>]) {
        if let Some(gate) = &mut self.gate {
            let pieces = |turn: &mut Turn<'_>| {
                let columns = turn.block.gate;
                turn.back.attention().map_or(0, |(attention, _)| attention.pieces(columns))
            };
            for piece in 0..turns.iter_mut().map(pieces).max().unwrap_or(0) {
                hear(&mut **gate, turns, |turn| turn.piece(piece));
                answer(&mut **gate, turns, Back::attends, Turn::listened);
            }
        }
        hear(&mut *self.genre, turns, Turn::columns);
        answer(&mut *self.genre, turns, Back::ready, Turn::judged);
    }
}

/// Lets a model hear what there is for it.
fn hear<'t>(
    classifier: &mut dyn Classifier,
    turns: &mut [Turn<'t>],
    mut what: impl for<'a> FnMut(&'a mut Turn<'t>) -> Option<Push<'a>>,
) {
    let (places, mut heard): (Vec<_>, Vec<_>) =
        turns.iter_mut().enumerate().filter_map(|(place, turn)| Some((place, what(turn)?))).unzip();
    classifier.push_all(&mut heard);
    let done: Vec<_> = heard.into_iter().map(|heard| heard.done).collect();
    for (place, done) in places.into_iter().zip(done) {
        turns[place].failed = done.err();
    }
}

/// Lets it answer for the sources that it is to answer for, if there is something to judge.
fn answer<'t>(
    classifier: &mut dyn Classifier,
    turns: &mut [Turn<'t>],
    state: impl for<'a> Fn(&'a Back, &dyn Classifier) -> Option<&'a ModelState>,
    mut told: impl FnMut(&mut Turn<'t>, Result<Vec<f32>, ModelError>),
) {
    let (places, states): (Vec<_>, Vec<_>) = turns
        .iter()
        .enumerate()
        .filter(|(_, turn)| turn.answers && turn.failed.is_none())
        .filter_map(|(place, turn)| Some((place, state(turn.back, classifier)?)))
        .unzip();
    let mut answers = Vec::with_capacity(places.len());
    classifier.evaluate_all(&states, &mut |place, logits| {
        answers.push((places[place], logits.map(<[f32]>::to_vec)))
    });
    for (place, answer) in answers {
        told(&mut turns[place], answer);
    }
}
