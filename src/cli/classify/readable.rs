//! The report of `classify` for people: a genre is named only where one would be named live, too.
//! Touch it when the report is to be worded otherwise.

use std::fmt::Write;

use genrecast::event::{SILENCE, SignalState, Silence, UNKNOWN};
use genrecast::manifest::Manifest;
use genrecast::pipeline::DecideSettings;
use serde::Serialize;

use super::{Report, Window};
use crate::cli::report::{bar, clock};

/// What may be said of a clip.
pub(super) struct Judge {
    /// Below this probability nothing is sure.
    abstain_below: f32,
    /// Seconds of sound before the first window of a live source.
    needs_s: f64,
}

impl Judge {
    pub fn new(manifest: &Manifest, decide: &DecideSettings) -> Self {
        Self {
            abstain_below: decide.abstain_below.unwrap_or(manifest.calibration.abstain_below),
            needs_s: manifest.window.first as f64 * manifest.features.hop_seconds(),
        }
    }

    /// What the clip is said to be.
    pub fn verdict(&self, report: &Report) -> Verdict {
        let leader = report.top.first().map_or(UNKNOWN, |leader| &leader.label);
        match self.reservation(report) {
            None => Verdict { label: leader.to_owned(), reason: None },
            Some(Reservation { label, why, .. }) => Verdict { label: label.to_owned(), reason: Some(why) },
        }
    }

    fn reservation(&self, report: &Report) -> Option<Reservation> {
        if report.windows.iter().all(|window| window.state == SignalState::Silence) {
            let why = if report.windows.iter().any(|window| window.silence == Some(Silence::Quiet)) {
                "the level is below the threshold of quiet (decide.quiet_dbfs)"
            } else {
                "every sample is exactly zero"
            };
            return Some(Reservation { label: SILENCE, why: why.into(), tells: false });
        }
        if report.duration_s < self.needs_s {
            let (got, needs) = (report.duration_s, self.needs_s);
            let why = format!("{got:.1} s is too short to tell, it takes {needs:.1} s");
            return Some(Reservation { label: UNKNOWN, why, tells: false });
        }
        if let Some(what) = no_music(&report.windows) {
            return Some(Reservation {
                label: UNKNOWN,
                why: format!("there is no music in it, but {what}"),
                tells: false,
            });
        }
        let leader = report.top.first().filter(|leader| leader.p < self.abstain_below)?;
        let (label, p, least) = (&leader.label, leader.p * 100.0, self.abstain_below * 100.0);
        let why = format!("{label} leads, but {p:.1} % is below the threshold of {least:.0} %");
        Some(Reservation { label: UNKNOWN, why, tells: true })
    }
}

/// What is heard most where no window is music.
fn no_music(windows: &[Window]) -> Option<&'static str> {
    use SignalState::{Mixed, Music, Noise, Signal, Speech};
    let count = |state| windows.iter().filter(|window| window.state == state).count();
    if count(Music) + count(Signal) > 0 {
        return None;
    }
    let heard = [(Speech, "speech"), (Mixed, "speech over music"), (Noise, "noise")];
    heard.into_iter().max_by_key(|&(state, _)| count(state)).map(|(_, what)| what)
}

/// Why no genre can be named for a clip.
struct Reservation {
    label: &'static str,
    why: String,
    /// Whether its scores mean anything at all.
    tells: bool,
}

/// What a clip is said to be: a genre, [`SILENCE`] or [`UNKNOWN`].
#[derive(Serialize)]
pub(super) struct Verdict {
    pub label: String,
    /// Why it is none of the genres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The report as text.
pub(super) fn text(report: &Report, judge: &Judge) -> String {
    let mut text = String::new();
    let (model, length) = (&report.model, clock(report.duration_s));
    let _ =
        writeln!(text, "{}  {length}  {} on {} ({})\n", report.input, model.id, model.runtime, model.device);
    let reservation = judge.reservation(report);
    if let Some(Reservation { label, why, tells }) = reservation {
        let _ = writeln!(text, "  {label}: {why}");
        if !tells {
            return text;
        }
        text.push('\n');
    }
    let width = report.top.iter().map(|score| score.label.chars().count()).max().unwrap_or(0).max(9);
    for score in &report.top {
        let _ = writeln!(text, "  {:width$}  {:5.1} %  {}", score.label, score.p * 100.0, bar(score.p, 30));
    }
    if report.windows.len() > 1 {
        let _ = writeln!(text, "\n  timeline (what leads in the window that ends then)");
        for Stretch { from_s, to_s, label, p } in stretches(&report.windows, judge.abstain_below) {
            let (from, to) = (clock(from_s), clock(to_s));
            let p = p.map(|p| format!("{:5.1} %", p * 100.0)).unwrap_or_default();
            let line = format!("  {from:>7} – {to:>7}  {label:width$}  {p}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// Neighbouring windows of which the same can be said.
#[derive(Debug, PartialEq)]
struct Stretch<'a> {
    from_s: f64,
    to_s: f64,
    label: &'a str,
    /// Mean probability, of a genre.
    p: Option<f32>,
}

fn stretches(windows: &[Window], abstain_below: f32) -> Vec<Stretch<'_>> {
    let mut stretches: Vec<(Stretch<'_>, u32)> = Vec::new();
    let mut from_s = 0.0;
    for window in windows {
        let (label, p) = match window.top.first() {
            _ if window.state == SignalState::Silence => ("(silence)", None),
            _ if window.state == SignalState::Speech => ("(speech)", None),
            _ if window.state == SignalState::Mixed => ("(speech over music)", None),
            _ if window.state == SignalState::Noise => ("(noise)", None),
            Some(leader) if leader.p >= abstain_below => (leader.label.as_str(), Some(leader.p)),
            _ => ("(unknown)", None),
        };
        match stretches.last_mut() {
            Some((last, count)) if last.label == label => {
                let weight = f64::from(*count);
                let mean = |(mean, p)| ((f64::from(mean) * weight + f64::from(p)) / (weight + 1.0)) as f32;
                last.p = last.p.zip(p).map(mean);
                last.to_s = window.end_s;
                *count = count.saturating_add(1);
            }
            _ => stretches.push((Stretch { from_s, to_s: window.end_s, label, p }, 1)),
        }
        from_s = window.end_s;
    }
    stretches.into_iter().map(|(stretch, _)| stretch).collect()
}

#[cfg(test)]
mod tests {
    use genrecast::event::LabelScore;

    use super::*;

    #[test]
    fn a_clip_without_music_is_called_by_what_it_is() {
        let window = |state| Window {
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

    #[test]
    fn a_stretch_is_named_only_where_something_is_sure() {
        let window = |end_s: f64, state, label: &str, p| Window {
            start_s: 0.0,
            end_s,
            provisional: false,
            state,
            silence: None,
            top: vec![LabelScore { label: label.into(), p }],
            stable: label.into(),
        };
        use SignalState::{Music, Signal, Silence, Speech};
        let windows = [
            window(1.0, Music, "jazz", 0.5),
            window(2.0, Signal, "jazz", 0.7),
            window(3.0, Signal, "jazz", 0.3),
            window(4.0, Signal, "rock", 0.39),
            window(5.0, Silence, "rock", 0.9),
            window(6.0, Speech, "rock", 0.9),
        ];
        let stretch = |from_s, to_s, label, p| Stretch { from_s, to_s, label, p };
        let expected = [
            stretch(0.0, 2.0, "jazz", Some(0.6)),
            stretch(2.0, 4.0, "(unknown)", None),
            stretch(4.0, 5.0, "(silence)", None),
            stretch(5.0, 6.0, "(speech)", None),
        ];
        assert_eq!(stretches(&windows, 0.4), expected);
    }
}
