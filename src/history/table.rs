//! Events and segments as rows of CSV: the same columns for every type of event, so that any of them can be put beside
//! another. Touch it when a column is wanted.

use csv::Writer;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Record, Segment};

/// The columns of events.
pub const EVENT_COLUMNS: [&str; 11] =
    ["time", "source", "type", "label", "p", "start", "end", "state", "text", "epoch", "seq"];

/// The columns of segments.
pub const SEGMENT_COLUMNS: [&str; 7] = ["start", "end", "source", "label", "confidence", "epoch", "seq"];

/// The first line.
pub fn csv_head(columns: &[&str]) -> String {
    line(columns.iter().map(|column| (*column).to_owned()))
}

/// An event as a line of CSV. `label` is what the daemon stands by (of a window the stable genre, of a change the new one),
/// `p` the probability of a window's best label or of a track's genre; `text` a title or a reason. What a change ends is
/// another row's: the change that began it, or a row of the segments.
pub fn event_csv(record: &Record) -> String {
    let event: Value = serde_json::from_str(&record.json).unwrap_or_default();
    let first = |paths: &[&str]| {
        let found = paths
            .iter()
            .find_map(|path| event.pointer(path).filter(|value| !value.is_null() && !value.is_object()));
        found
            .map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    line([
        record.time.to_string(),
        record.source.to_string(),
        record.kind.to_string(),
        first(&["/stable/label", "/to/label", "/genre", "/label"]),
        first(&["/top/0/p", "/p"]),
        first(&["/window/start", "/to/start", "/start", "/from"]),
        first(&["/window/end", "/end", "/to"]),
        first(&["/state"]),
        plain(first(&["/title", "/track/title", "/reason"])),
        record.position.epoch.to_string(),
        record.position.seq.to_string(),
    ])
}

/// A segment as `/v1/history/segments` tells it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Segment")]
pub struct SegmentRow {
    /// Name of the source.
    pub source: String,
    /// Its stable label: one of the model's, `unknown` or `silence`.
    pub label: String,
    /// When it began, as corrected later.
    pub start: Timestamp,
    /// When it ended; null while it goes on.
    pub end: Option<Timestamp>,
    /// How long it was; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Mean probability of the label over the segment; absent for `unknown` and `silence`, and while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: Option<f64>,
    /// The run of the daemon in which it began.
    pub epoch: String,
    /// `seq` of the `genre.changed` that began it.
    #[schemars(range(min = 1))]
    pub seq: u64,
}

/// A segment as an object of JSON.
pub fn segment_json(of: &Segment) -> SegmentRow {
    SegmentRow {
        source: of.source.to_string(),
        label: of.label.clone(),
        start: of.start,
        end: of.end,
        seconds: of.end.map(|end| end.duration_since(of.start).as_secs_f64()),
        confidence: of.confidence,
        epoch: of.position.epoch.to_string(),
        seq: of.position.seq,
    }
}

/// A segment as a line of CSV; `end` is empty while it goes on.
pub fn segment_csv(segment: &Segment) -> String {
    line([
        segment.start.to_string(),
        segment.end.map_or_else(String::new, |end| end.to_string()),
        segment.source.to_string(),
        segment.label.clone(),
        segment.confidence.map_or_else(String::new, |p| p.to_string()),
        segment.position.epoch.to_string(),
        segment.position.seq.to_string(),
    ])
}

/// Words from outside never begin like a formula, which a spreadsheet would compute.
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn line(fields: impl IntoIterator<Item = String>) -> String {
    let mut writer = Writer::from_writer(Vec::new());
    // Memory takes everything.
    let _ = writer.write_record(fields.into_iter().collect::<Vec<_>>());
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::Position;
    use super::*;

    fn csv(kind: &str, json: &str) -> String {
        event_csv(&Record {
            position: Position { epoch: "E".into(), seq: 7 },
            source: "mic".into(),
            kind: kind.into(),
            time: Timestamp::UNIX_EPOCH,
            json: json.into(),
        })
    }

    #[test]
    fn each_type_fills_the_columns_it_has() {
        let window = r#"{"stable":{"label":"jazz"},"top":[{"label":"jazz","p":0.5}],"window":{"start":"a","end":"b"},"state":"music"}"#;
        assert_eq!(
            csv("genre.window", window),
            "1970-01-01T00:00:00Z,mic,genre.window,jazz,0.5,a,b,music,,E,7\n"
        );
        let changed =
            r#"{"from":{"label":"pop","end":"b","confidence":0.25},"to":{"label":"jazz","start":"b"}}"#;
        assert!(csv("genre.changed", changed).contains(",jazz,,b,,,,E,7"));
        let first = r#"{"to":{"label":"jazz","start":"a"}}"#;
        assert!(csv("genre.changed", first).contains(",jazz,,a,,,,E,7"));
        assert!(csv("source.gap", r#"{"from":"a","to":"b","reason":"lost"}"#).contains(",,,a,b,,lost,E,7"));
        let state = r#"{"state":"failed","reason":"=cmd(), \"quoted\""}"#;
        assert!(csv("source.state", state).contains(r#",failed,"'=cmd(), ""quoted""",E,7"#));
        assert_eq!(
            csv_head(&EVENT_COLUMNS).trim_end().split(',').count(),
            csv("x", "{}").trim_end().split(',').count()
        );
    }
}
