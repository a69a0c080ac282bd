//! What may be said of a clip: a genre is named only where one would be named live, too.
//! Touch it when another reason keeps a genre from being named.

use schemars::JsonSchema;
use serde::Serialize;

use super::answer::ClipWindow;
use crate::event::{LabelScore, SILENCE, SignalState, Silence, UNKNOWN};
use crate::manifest::Manifest;
use crate::pipeline::DecideSettings;

/// What a clip is said to be: a genre, `silence` or `unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ClipVerdict {
    /// One of the model's labels, `silence` or `unknown`.
    pub label: String,
    /// Why it is none of the labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why no genre can be named for a clip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// [`SILENCE`] or [`UNKNOWN`].
    pub label: &'static str,
    /// Why, in words.
    pub why: String,
    /// Whether its scores mean anything at all.
    pub tells: bool,
}

impl ClipVerdict {
    pub(super) fn of(top: &[LabelScore], reservation: Option<&Reservation>) -> Self {
        match reservation {
            Some(Reservation { label, why, .. }) => {
                Self { label: (*label).to_owned(), reason: Some(why.clone()) }
            }
            None => {
                let leader = top.first().map_or(UNKNOWN, |leader| &leader.label);
                Self { label: leader.to_owned(), reason: None }
            }
        }
    }
}

/// Decides what may be said.
#[derive(Debug, Clone, Copy)]
pub struct Judge {
    /// Below this probability nothing is sure.
    pub abstain_below: f32,
    /// Seconds of sound before the first window of a live source.
    needs_s: f64,
}

impl Judge {
    /// For the model of that manifest.
    pub fn new(manifest: &Manifest, decide: &DecideSettings) -> Self {
        Self {
            abstain_below: decide.abstain_below.unwrap_or(manifest.calibration.abstain_below),
            needs_s: manifest.window.first as f64 * manifest.features.hop_seconds(),
        }
    }

    /// Why no genre can be named, if none can.
    pub(super) fn reservation(
        &self,
        top: &[LabelScore],
        windows: &[ClipWindow],
        duration_s: f64,
    ) -> Option<Reservation> {
        if windows.iter().all(|window| window.state == SignalState::Silence) {
            let why = if windows.iter().any(|window| window.silence == Some(Silence::Quiet)) {
                "the level is below the threshold of quiet (decide.quiet_dbfs)"
            } else {
                "every sample is exactly zero"
            };
            return Some(Reservation { label: SILENCE, why: why.into(), tells: false });
        }
        if duration_s < self.needs_s {
            let needs = self.needs_s;
            let why = format!("{duration_s:.1} s is too short to tell, it takes {needs:.1} s");
            return Some(Reservation { label: UNKNOWN, why, tells: false });
        }
        if let Some(what) = no_music(windows) {
            let why = format!("there is no music in it, but {what}");
            return Some(Reservation { label: UNKNOWN, why, tells: false });
        }
        let leader = top.first().filter(|leader| leader.p < self.abstain_below)?;
        let (label, p, least) = (&leader.label, leader.p * 100.0, self.abstain_below * 100.0);
        let why = format!("{label} leads, but {p:.1} % is below the threshold of {least:.0} %");
        Some(Reservation { label: UNKNOWN, why, tells: true })
    }
}

/// What is heard most where no window is music.
fn no_music(windows: &[ClipWindow]) -> Option<&'static str> {
    use SignalState::{Mixed, Music, Noise, Signal, Speech};
    let count = |state| windows.iter().filter(|window| window.state == state).count();
    if count(Music) + count(Signal) > 0 {
        return None;
    }
    let heard = [(Speech, "speech"), (Mixed, "speech over music"), (Noise, "noise")];
    heard.into_iter().max_by_key(|&(state, _)| count(state)).map(|(_, what)| what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_without_music_is_called_by_what_it_is() {
        let window = |state| ClipWindow {
            start_s: 0.0,
            end_s: 1.0,
            provisional: false,
            state,
            silence: None,
            top: Vec::new(),
            stable: String::new(),
        };
        use SignalState::{Mixed, Music, Noise, Silence, Speech};
        let told = |states: &[SignalState]| no_music(&states.iter().copied().map(window).collect::<Vec<_>>());
        assert_eq!(told(&[Speech, Silence, Speech, Mixed]), Some("speech"));
        assert_eq!(told(&[Mixed, Noise, Mixed]), Some("speech over music"));
        assert_eq!(told(&[Noise]), Some("noise"));
        assert_eq!(told(&[Speech, Speech, Music]), None);
    }
}
