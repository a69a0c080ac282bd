//! From changes of the stable genre and ended tracks to their events. Touch it when a segment or a track gets a field.

use super::super::work::Begin;
use super::wall;
use crate::decide::{EndedTrack, StableChange, Verdict};
use crate::event::{
    BegunSegment, EndedSegment, EventBody, GenreChanged, SILENCE, SegmentCorrected, Stable, TrackEnded,
    TrackGenre, UNKNOWN,
};

/// The event of a change; `before` is what was stable until then.
pub(super) fn told(labels: &[String], begin: &Begin, before: &Stable, change: &StableChange) -> EventBody {
    match change {
        StableChange::Changed { from, to } => {
            let start = wall(begin, to.since_s);
            EventBody::Changed(GenreChanged {
                from: from.map(|segment| EndedSegment {
                    label: before.label.clone(),
                    start: before.since,
                    end: start,
                    confidence: segment.confidence,
                }),
                to: BegunSegment { label: verdict_name(labels, to.verdict), start },
            })
        }
        StableChange::Corrected { told_s, segment } => EventBody::Corrected(SegmentCorrected {
            segment_seq: before.since_seq.unwrap_or_default(),
            label: before.label.clone(),
            told: wall(begin, *told_s),
            start: wall(begin, segment.since_s),
        }),
    }
}

/// The label that is stable with this event.
pub(super) fn label(body: &EventBody) -> &str {
    match body {
        EventBody::Changed(change) => &change.to.label,
        EventBody::Corrected(corrected) => &corrected.label,
        _ => UNKNOWN,
    }
}

/// What is stable from this event on, whose number is `seq`.
pub(super) fn stable(body: EventBody, before: &Stable, seq: u64) -> Stable {
    match body {
        EventBody::Changed(GenreChanged { to, .. }) => {
            Stable { label: to.label, since: to.start, since_seq: Some(seq) }
        }
        EventBody::Corrected(corrected) => Stable { since: corrected.start, ..before.clone() },
        _ => before.clone(),
    }
}

/// The event of a track that has ended.
pub(super) fn ended(labels: &[String], begin: &Begin, track: EndedTrack) -> TrackEnded {
    TrackEnded {
        title: track.title,
        start: wall(begin, track.since_s),
        end: wall(begin, track.end_s),
        genre: track.genre.map(|heaviest| TrackGenre {
            genre: labels[heaviest.label].clone(),
            p: heaviest.p,
            share: heaviest.share,
            music_s: heaviest.music_s,
        }),
    }
}

/// The name of a verdict on the wire.
fn verdict_name(labels: &[String], verdict: Verdict) -> String {
    match verdict {
        Verdict::Label(index) => labels[index].clone(),
        Verdict::Unknown => UNKNOWN.into(),
        Verdict::Silence => SILENCE.into(),
    }
}
