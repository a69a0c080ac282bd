//! The report of `classify` for people: a genre is named only where one would be named live, too.
//! Touch it when the report is to be worded otherwise.

use std::fmt::Write;

use genrecast::event::SignalState;
use genrecast::hearing::{ClipWindow, Reservation};

use super::Report;
use crate::cli::report::{bar, clock};

/// The report as text.
pub(super) fn text(report: &Report) -> String {
    let answer = &report.answer;
    let mut text = String::new();
    let (model, length) = (&answer.model, clock(report.duration_s));
    let _ =
        writeln!(text, "{}  {length}  {} on {} ({})\n", report.input, model.id, model.runtime, model.device);
    if let Some(Reservation { label, why, tells }) = &report.reservation {
        let _ = writeln!(text, "  {label}: {why}");
        if !tells {
            return text;
        }
        text.push('\n');
    }
    let width = answer.top.iter().map(|score| score.label.chars().count()).max().unwrap_or(0).max(9);
    for score in &answer.top {
        let _ = writeln!(text, "  {:width$}  {:5.1} %  {}", score.label, score.p * 100.0, bar(score.p, 30));
    }
    if answer.windows.len() > 1 {
        let _ = writeln!(text, "\n  timeline (what leads in the window that ends then)");
        for Stretch { from_s, to_s, label, p } in stretches(&answer.windows, report.abstain_below) {
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

fn stretches(windows: &[ClipWindow], abstain_below: f32) -> Vec<Stretch<'_>> {
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
    fn a_stretch_is_named_only_where_something_is_sure() {
        let window = |end_s: f64, state, label: &str, p| ClipWindow {
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
