//! Windows as `classify` and as the daemon tell them, in one form that can be compared.
//! Touch it when the two are to agree in more.

use std::collections::BTreeMap;

use genrecast::event::{Event, EventBody, LabelScore, SignalState, Silence};
use serde::Deserialize;

/// One window, whoever told it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Window {
    pub start_s: f64,
    pub end_s: f64,
    pub provisional: bool,
    pub state: SignalState,
    #[serde(default)]
    pub silence: Option<Silence>,
    pub top: Vec<LabelScore>,
}

/// The windows in the report of `classify --json`.
pub fn of_report(report: &serde_json::Value) -> Vec<Window> {
    serde_json::from_value(report["windows"].clone()).expect("windows")
}

/// The windows of one source among events.
pub fn of_source(events: &[Event], source: &str) -> Vec<Window> {
    events
        .iter()
        .filter(|event| event.source == source)
        .filter_map(|event| match &event.body {
            EventBody::Window(told) => Some(Window {
                start_s: told.window.start_s,
                end_s: told.window.end_s,
                provisional: told.provisional,
                state: told.state,
                silence: told.audio.silence,
                top: told.top.clone(),
            }),
            _ => None,
        })
        .collect()
}

/// The largest difference of a probability between two lists of the same windows.
///
/// # Panics
/// When they are not the same windows, or there are none.
pub fn difference(a: &[Window], b: &[Window]) -> f32 {
    let outline = |windows: &[Window]| -> Vec<_> {
        windows.iter().map(|w| (w.start_s, w.end_s, w.provisional, w.state, w.silence)).collect()
    };
    assert!(!a.is_empty());
    assert_eq!(outline(a), outline(b));
    a.iter().zip(b).map(|(a, b)| score_difference(&a.top, &b.top)).fold(0.0, f32::max)
}

/// The largest difference of a probability between two rankings of the same labels.
pub fn score_difference(a: &[LabelScore], b: &[LabelScore]) -> f32 {
    let by_label = |top: &[LabelScore]| -> BTreeMap<String, f32> {
        top.iter().map(|score| (score.label.clone(), score.p)).collect()
    };
    let (a, b) = (by_label(a), by_label(b));
    assert!(a.keys().eq(b.keys()), "{a:?} {b:?}");
    a.values().zip(b.values()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
