//! What is said of a source while nothing is heard from it. Touch it when silences are to be told apart otherwise.

use crate::event::{Silence, SourceState, SourceStateChange};

/// The state of a source in which this kind of silence, or none, is heard.
pub(super) fn state(silence: Option<Silence>) -> SourceStateChange {
    let told = match silence {
        None => None,
        Some(Silence::DigitalZero) => Some((
            "every sample is exactly zero",
            "look for a muted input, a missing permission or an unplugged cable",
        )),
        Some(Silence::Quiet) => {
            Some(("the level is below the threshold of quiet", "raise the gain or lower decide.quiet_dbfs"))
        }
    };
    SourceStateChange {
        state: if told.is_some() { SourceState::Silent } else { SourceState::Live },
        reason: told.map(|(reason, _)| reason.to_owned()),
        remedy: told.map(|(_, remedy)| remedy.to_owned()),
    }
}
