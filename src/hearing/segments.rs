//! Segments of one stable genre over a whole file, with their starts corrected. Touch it when a segment has more to tell.

use crate::decide::{self, StableChange, Verdict};
use crate::event::{SILENCE, UNKNOWN};
use crate::pipeline::Outcome;
use schemars::JsonSchema;
use serde::Serialize;

/// A stretch of one stable genre.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClipSegment {
    /// Seconds from the beginning of the clip.
    pub start_s: f64,
    /// Where it ends, in seconds from there.
    pub end_s: f64,
    /// One of the model's labels, `unknown` or `silence`.
    pub label: String,
}

/// Collects them from outcomes.
#[derive(Debug, Default)]
pub struct Segments {
    begun: Vec<(f64, Verdict)>,
}

impl Segments {
    /// Takes the outcomes of a clip one after the other, each with the seconds by which it is moved.
    pub fn push(&mut self, outcome: &Outcome, offset_s: f64) {
        let began = |segment: &decide::Segment| (segment.since_s + offset_s, segment.verdict);
        match &outcome.changed {
            Some(StableChange::Changed { to, .. }) => self.begun.push(began(to)),
            Some(StableChange::Corrected { segment, .. }) => {
                self.begun.pop();
                self.begun.push(began(segment));
            }
            None => {}
        }
    }

    /// All of a file of that length. What was never certain is one segment of [`UNKNOWN`].
    pub fn ended(mut self, labels: &[String], duration_s: f64) -> Vec<ClipSegment> {
        if self.begun.first().is_none_or(|(start_s, _)| *start_s > 0.0) {
            self.begun.insert(0, (0.0, Verdict::Unknown));
        }
        let ends = self.begun.iter().skip(1).map(|(start_s, _)| *start_s).chain([duration_s]);
        let segments = self.begun.iter().zip(ends);
        let segments = segments.map(|(&(start_s, verdict), end_s)| ClipSegment {
            start_s,
            end_s,
            label: name(labels, verdict),
        });
        segments.filter(|segment| segment.end_s > segment.start_s).collect()
    }
}

/// The name of a verdict.
pub(super) fn name(labels: &[String], verdict: Verdict) -> String {
    match verdict {
        Verdict::Label(index) => labels[index].clone(),
        Verdict::Unknown => UNKNOWN.into(),
        Verdict::Silence => SILENCE.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_each_other_without_a_hole() {
        let labels = ["blues".to_owned()];
        let segments = Segments {
            begun: vec![(3.0, Verdict::Label(0)), (3.0, Verdict::Silence), (9.0, Verdict::Unknown)],
        };
        let told: Vec<_> = segments
            .ended(&labels, 10.0)
            .into_iter()
            .map(|segment| (segment.start_s, segment.end_s, segment.label))
            .collect();
        let expected = [(0.0, 3.0, "unknown"), (3.0, 9.0, "silence"), (9.0, 10.0, "unknown")];
        assert_eq!(told, expected.map(|(start_s, end_s, label)| (start_s, end_s, label.to_owned())));
    }
}
