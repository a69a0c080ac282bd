//! The threads that hear the clips, each with sessions of its own. What they find stands in the order of the clips,
//! however many there are. Touch it when the work is to be shared otherwise.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use genrecast::evaluation::{ScoredClip, ScoredWindow, leader};
use genrecast::hearing::{Audience, Listener, NOTHING_HEARD};
use genrecast::pipeline::Outcome;
use genrecast::source::{Decoder, Mixdown, SourceError};

use super::clips::Clip;
use crate::cli::exit::{Failure, Status};

/// What became of a clip.
pub(super) enum Answer {
    /// It was heard, as far as it goes.
    Scored { scored: ScoredClip, damage: Option<String> },
    /// It could not be; the status is that of the reason.
    Failed { reason: String, status: Status },
    /// It is no clip, nor said to be one.
    NoClip(String),
}

/// Hears all clips on so many threads, of which `open` makes the listeners. `on_answer` is called on these threads.
///
/// # Errors
/// When model or runtime fail; what is wrong with a clip is its answer.
pub(super) fn hear(
    clips: &[Clip],
    jobs: usize,
    open: impl Fn() -> Result<Listener, Failure> + Sync,
    on_answer: impl Fn(&Answer) + Sync,
) -> Result<Vec<Answer>, Failure> {
    let next = AtomicUsize::new(0);
    let answers: Mutex<Vec<Option<Answer>>> = Mutex::new(clips.iter().map(|_| None).collect());
    let work = || -> Result<(), Failure> {
        let mut listener = open()?;
        while let Some((at, clip)) = take(&next, clips) {
            let answer = answer(&mut listener, clip)?;
            on_answer(&answer);
            answers.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(answer);
        }
        Ok(())
    };
    // Where one thread fails the others need not go on.
    let no_more = || next.store(clips.len(), Ordering::Relaxed);
    let work = || work().inspect_err(|_| no_more());
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for job in 0..jobs.clamp(1, clips.len().max(1)) {
            let named = thread::Builder::new().name(format!("evaluate-{job}"));
            workers.push(named.spawn_scoped(scope, work).inspect_err(|_| no_more())?);
        }
        workers.into_iter().try_for_each(|worker| match worker.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(answers.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().flatten().collect())
}

fn take<'a>(next: &AtomicUsize, clips: &'a [Clip]) -> Option<(usize, &'a Clip)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, clips.get(at)?))
}

fn answer(listener: &mut Listener, clip: &Clip) -> Result<Answer, Failure> {
    let decoder = match Decoder::open_file(&clip.path, Mixdown::default()) {
        Ok(decoder) => decoder,
        Err(error @ SourceError::Unreadable { .. }) => return failed(error.into()),
        Err(error) if !clip.claimed => return Ok(Answer::NoClip(error.to_string())),
        Err(error) => return failed(error.into()),
    };
    let mut windows = Windows::default();
    Ok(match genrecast::hearing::hear(decoder, &mut [listener], &mut windows) {
        Ok(heard) => match heard.p.into_iter().next().flatten() {
            Some(p) => {
                let scored = ScoredClip { genre: clip.genre, p, windows: windows.0 };
                Answer::Scored { scored, damage: heard.damage }
            }
            None => Answer::Failed { reason: NOTHING_HEARD.into(), status: Status::NotAudio },
        },
        Err(error) => return failed(error.into()),
    })
}

/// Takes down which label led in each window.
#[derive(Default)]
struct Windows(Vec<ScoredWindow>);

impl Audience for Windows {
    fn window(&mut self, _listener: usize, outcome: &Outcome, offset_s: f64) {
        self.0.push(ScoredWindow { end_s: outcome.end_s + offset_s, named: leader(&outcome.p) });
    }
}

/// What is wrong with a clip is told of it; what is wrong with the model ends the evaluation.
fn failed(failure: Failure) -> Result<Answer, Failure> {
    match failure.status {
        Status::Model => Err(failure),
        status => Ok(Answer::Failed { reason: failure.to_string(), status }),
    }
}
