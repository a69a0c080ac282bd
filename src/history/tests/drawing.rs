//! Segments for drawing: put together over corrections, changes of streams, restarts and pages.

use super::*;

fn at(s: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + s).expect("a time")
}

fn changed(from: Option<(&str, i64, i64)>, label: &str, start: i64) -> EventBody {
    EventBody::Changed(GenreChanged {
        from: from.map(|(label, start, end)| EndedSegment {
            label: label.into(),
            start: at(start),
            end: at(end),
            confidence: Some(0.5),
        }),
        to: BegunSegment { label: label.into(), start: at(start) },
    })
}
