//! Events made up for tests of the hub and the server.
//! Touch it when an event gets a field.

use std::sync::Arc;

use genrecast::event::*;
use jiff::Timestamp;

/// The labels of made-up windows, best first.
pub const LABELS: [&str; 4] = ["jazz", "blues", "rock", "pop"];

/// A window whose best label is jazz with `p`, at least 0.25.
pub fn window(p: f32) -> EventBody {
    let rest = (1.0 - p) / 3.0;
    let top = LABELS
        .iter()
        .enumerate()
        .map(|(place, label)| LabelScore { label: (*label).into(), p: if place == 0 { p } else { rest } });
    EventBody::Window(Box::new(GenreWindow {
        window: WindowSpan {
            start: Timestamp::UNIX_EPOCH,
            end: Timestamp::UNIX_EPOCH,
            start_s: 0.0,
            end_s: 29.9,
            seconds: 29.9,
        },
        provisional: false,
        state: SignalState::Signal,
        top: top.collect(),
        stable: Stable { label: "jazz".into(), since: Timestamp::UNIX_EPOCH, since_seq: None },
        audio: AudioReport {
            native_hz: 44_100,
            rms_dbfs: Some(-18.2),
            silence: None,
            clipped: 0,
            gap_ms: 0,
            skipped_hops: 0,
        },
        timing: Timing { capture_to_emit_ms: 41, infer_ms: 6 },
        model: Arc::new(model()),
        track: None,
    }))
}

/// The model that made them.
pub fn model() -> ModelInfo {
    ModelInfo { id: "crnn".into(), sha256: "00".into(), device: "cpu".into(), runtime: "tract".into() }
}

/// A change of state, with a reason to tell it by.
pub fn state(reason: &str) -> EventBody {
    EventBody::SourceState(SourceStateChange {
        state: SourceState::Live,
        reason: Some(reason.into()),
        remedy: None,
    })
}

/// A change of the stable genre.
pub fn changed() -> EventBody {
    EventBody::Changed(GenreChanged {
        from: None,
        to: BegunSegment { label: "jazz".into(), start: Timestamp::UNIX_EPOCH },
    })
}
