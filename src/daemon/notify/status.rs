//! The line that `systemctl status` shows. Touch it when it should tell more.

use crate::daemon::progress::{Facts, SourceFacts};
use crate::event::SourceState;

/// Sources that are named; of more, only the number is told.
const NAMED: usize = 8;

/// One line about the sources and who listens to us.
pub(super) fn line(facts: &Facts, ready: bool) -> String {
    let sources = &facts.sources;
    let mut phrases: Vec<_> = sources.iter().take(NAMED).map(phrase).collect();
    if sources.len() > NAMED {
        phrases.push(format!("and {} more", sources.len() - NAMED));
    }
    if sources.is_empty() {
        phrases.push("no source is configured".into());
    }
    if ready {
        let plural = if facts.subscribers == 1 { "" } else { "s" };
        phrases.push(format!("{} subscriber{plural}", facts.subscribers));
    }
    let listening =
        sources.iter().any(|source| matches!(source.state, SourceState::Live | SourceState::Silent));
    let prefix = match (ready, listening) {
        (false, _) => "starting: ",
        (true, true) => "listening: ",
        (true, false) => "",
    };
    format!("{prefix}{}", phrases.join("; "))
}

fn phrase(source: &SourceFacts) -> String {
    let name = &source.name;
    let because = |what: String| match &source.reason {
        Some(reason) => format!("{what}: {reason}"),
        None => what,
    };
    match source.state {
        SourceState::Starting => format!("{name} starting"),
        SourceState::Live => match &source.genre {
            Some(genre) => format!("{name} live, {genre}"),
            None => format!("{name} live"),
        },
        SourceState::Silent => because(format!("{name} silent")),
        SourceState::Stalled | SourceState::Reconnecting => because(format!("waiting for {name}")),
        SourceState::Failed => because(format!("{name} failed")),
        SourceState::Ended => format!("{name} ended"),
    }
}
