//! The stable segments of a stretch of time, put together from the few events that bound them, so that an hour, a day
//! or a week is drawn without reading any window. Touch it when a segment is bounded otherwise.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

use super::epochs::{Epoch, number, parts};
use super::schema::{KIND_SOURCE, KIND_TYPE};
use super::select::Plan;
use super::{HistoryError, Position, Reader, Record, Selection};

/// The types of events that bound segments.
const BOUNDS: [&str; 3] = ["genre.changed", "segment.corrected", "source.state"];

/// How long after a segment its correction is still looked for.
const CORRECTED_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// Events of one source and type that may follow a change without another one.
const MOST_SINCE: usize = 1_000;

/// A stretch of one stable genre.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The `genre.changed` that began it.
    pub position: Position,
    /// Name of the source.
    pub source: Arc<str>,
    /// The stable label.
    pub label: String,
    /// When it began, as corrected later.
    pub start: Timestamp,
    /// When it ended: with the next one, with its source, or with the last that was heard before the daemon ended. `None`
    /// while it goes on.
    pub end: Option<Timestamp>,
    /// Mean probability of the label, where that was told.
    pub confidence: Option<f64>,
}

/// Segments, and where to go on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SegmentPage {
    /// By start.
    pub segments: Vec<Segment>,
    /// Go on after it; `None` when there is no more.
    pub next: Option<Position>,
}

/// What is known of one source while its events are gone through.
#[derive(Debug, Default)]
struct Track {
    open: Option<Segment>,
    epoch: i64,
    /// When its source said that nothing comes of it.
    away: Option<Timestamp>,
    /// Those that have ended, which may still be corrected.
    done: Vec<Segment>,
}

impl Reader {
    /// The segments of a stretch of time (`wanted.types` counts for nothing), from at most `limit` events.
    ///
    /// # Errors
    /// What keeps the history from being read.
    pub fn segments(
        &self,
        after: Option<&Position>,
        wanted: &Selection,
        limit: usize,
    ) -> Result<Option<SegmentPage>, HistoryError> {
        let connection = self.connection();
        let _state = connection.unchecked_transaction()?;
        let mut begin = 0;
        if let Some(position) = after {
            let Some(epoch) = Epoch::named(connection, &position.epoch)? else { return Ok(None) };
            begin = number(epoch.id, position.seq);
        }
        let selection = Selection {
            sources: wanted.sources.clone(),
            types: Some(BOUNDS.map(String::from).to_vec()),
            from: wanted.from,
            to: wanted.to.map(|to| to.saturating_add(CORRECTED_WITHIN).unwrap_or(to)),
        };
        let plan = Plan::new(connection, &selection)?;
        let (rows, last) = plan.rows(connection, begin, i64::MAX, limit)?;
        let mut tracks: BTreeMap<Arc<str>, Track> = BTreeMap::new();
        // What was on already when the stretch, or the page, began.
        let (last_row, until) = match wanted.from {
            _ if begin > 0 => (begin, i64::MAX),
            Some(from) => (rows.first().copied().unwrap_or(i64::MAX).min(plan.last()), from.as_millisecond()),
            None => (0, 0),
        };
        let rows = self.before(last_row, until, wanted)?.into_iter().chain(rows);
        let mut epoch: Option<Epoch> = None;
        for row in rows {
            let id = parts(row).0;
            if epoch.as_ref().is_none_or(|epoch| epoch.id != id) {
                epoch = Epoch::numbered(connection, id)?;
            }
            let record = match &epoch {
                Some(epoch) => self.record(epoch, row)?,
                None => None,
            };
            let Some(record) = record else { continue };
            let track = tracks.entry(Arc::clone(&record.source)).or_default();
            if track.epoch != id {
                self.end_of_run(&record.source, track)?;
                track.epoch = id;
            }
            track.take(&record);
        }
        let mut page = SegmentPage::default();
        if let Some(row) = last {
            let (id, seq) = parts(row);
            page.next = Epoch::numbered(connection, id)?.map(|epoch| Position { epoch: epoch.ulid, seq });
        }
        for (source, mut track) in tracks {
            // What is still open where a page ends is told by the next one.
            if page.next.is_none() {
                if !self.goes_on(track.epoch)? {
                    self.end_of_run(&source, &mut track)?;
                }
                track.done.extend(track.open.take());
            }
            page.segments.extend(track.done);
        }
        page.segments.retain(|of| {
            wanted.to.is_none_or(|to| of.start < to)
                && of.end.is_none_or(|end| wanted.from.is_none_or(|from| end > from) && end > of.start)
        });
        page.segments.sort_by(|a, b| (a.start, &a.source).cmp(&(b.start, &b.source)));
        Ok(Some(page))
    }

    /// Of each source the last change up to this row that was told before this time, and what was told of it by then.
    fn before(&self, row: i64, until_ms: i64, wanted: &Selection) -> Result<Vec<i64>, HistoryError> {
        let connection = self.connection();
        let mut names = connection.prepare_cached("SELECT id, name FROM names WHERE kind = ?")?;
        let mut named = |kind| -> rusqlite::Result<Vec<(i64, String)>> {
            names.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let (sources, kinds) = (named(KIND_SOURCE)?, named(KIND_TYPE)?);
        let kind = |name: &str| kinds.iter().find(|(_, known)| known == name).map_or(-1, |(id, _)| *id);
        let [changed, corrected, state] = BOUNDS.map(kind);
        let of = "FROM events INDEXED BY events_by_kind WHERE source = ?1 AND type = ?2 AND id <= ?3 AND time < ?4";
        let mut newest = connection.prepare_cached(&format!("SELECT id {of} ORDER BY id DESC LIMIT 1"))?;
        let since = format!("SELECT id {of} AND id > ?5 ORDER BY id LIMIT {MOST_SINCE}");
        let mut since = connection.prepare_cached(&since)?;
        let mut found = Vec::new();
        for (source, name) in sources {
            if wanted.sources.as_ref().is_some_and(|sources| !sources.contains(&name)) {
                continue;
            }
            let change =
                newest.query_row(params![source, changed, row, until_ms], |row| row.get::<_, i64>(0));
            let Some(change) = change.optional()? else { continue };
            found.push(change);
            for kind in [corrected, state] {
                let rows = since.query_map(params![source, kind, row, until_ms, change], |row| row.get(0))?;
                found.extend(rows.collect::<rusqlite::Result<Vec<i64>>>()?);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Whether this run is the newest and has not been told as ended.
    fn goes_on(&self, epoch: i64) -> Result<bool, HistoryError> {
        let of = Epoch::numbered(self.connection(), epoch)?;
        let Some(of) = of.filter(|of| !of.clean) else { return Ok(false) };
        Ok(of.next(self.connection())?.is_none())
    }

    /// What is open ends with the last event of its source in that run.
    fn end_of_run(&self, source: &str, track: &mut Track) -> Result<(), HistoryError> {
        let Some(mut open) = track.open.take() else { return Ok(()) };
        let sql = "SELECT time FROM events WHERE id = (SELECT max(id) FROM events INDEXED BY events_by_kind WHERE
                   source = (SELECT id FROM names WHERE kind = ?1 AND name = ?2) AND
                   type = (SELECT id FROM names WHERE kind = ?3 AND name = 'genre.window') AND id BETWEEN ?4 AND ?5)";
        let mut look = self.connection().prepare_cached(sql)?;
        let bounds = (number(track.epoch, 0), number(track.epoch, u64::MAX));
        let values = params![KIND_SOURCE, source, KIND_TYPE, bounds.0, bounds.1];
        let last = look.query_row(values, |row| row.get::<_, i64>(0)).optional()?;
        let last = track.away.take().or(last.and_then(|ms| Timestamp::from_millisecond(ms).ok()));
        open.end = Some(last.unwrap_or(open.start).max(open.start));
        track.done.push(open);
        Ok(())
    }
}

impl Track {
    fn take(&mut self, record: &Record) {
        let Ok(event) = serde_json::from_str::<Value>(&record.json) else { return };
        match &*record.kind {
            "genre.changed" => self.change(record, &event),
            "segment.corrected" => self.correct(record, &event),
            _ => match event["state"].as_str() {
                Some("ended" | "failed") => {
                    if let Some(mut open) = self.open.take() {
                        open.end = Some(record.time.max(open.start));
                        self.done.push(open);
                    }
                }
                Some("reconnecting" | "stalled") => self.away = self.away.or(Some(record.time)),
                _ => {}
            },
        }
    }

    fn change(&mut self, record: &Record, event: &Value) {
        let (Some(label), Some(start)) = (event["to"]["label"].as_str(), moment(&event["to"]["start"]))
        else {
            return;
        };
        if let Some(mut open) = self.open.take() {
            // The newest word on a segment is what is said of it when it ends.
            let from = &event["from"];
            if from["label"].as_str() == Some(&open.label) {
                open.start = moment(&from["start"]).unwrap_or(open.start);
                open.confidence = from["confidence"].as_f64();
                open.end = moment(&from["end"]);
            }
            // Without it a new stream has begun: the old one ended when its source went away.
            open.end = open.end.or(self.away).or(Some(start)).map(|end| end.max(open.start));
            self.done.push(open);
        }
        self.away = None;
        self.open = Some(Segment {
            position: record.position.clone(),
            source: Arc::clone(&record.source),
            label: label.to_owned(),
            start,
            end: None,
            confidence: None,
        });
    }

    /// A segment began at another moment than was told; the one before it ends there.
    fn correct(&mut self, record: &Record, event: &Value) {
        let (Some(seq), Some(start)) = (event["segment_seq"].as_u64(), moment(&event["start"])) else {
            return;
        };
        let is_it = |of: &Segment| of.position.seq == seq && of.position.epoch == record.position.epoch;
        let (before, it) = match self.done.iter().rposition(is_it) {
            Some(place) => {
                let (before, it) = self.done.split_at_mut(place);
                (before.last_mut(), &mut it[0])
            }
            None => match self.open.as_mut().filter(|open| is_it(open)) {
                Some(open) => (self.done.last_mut(), open),
                None => return,
            },
        };
        let told = std::mem::replace(&mut it.start, start);
        // Only if the two met.
        if let Some(before) = before.filter(|before| before.end == Some(told)) {
            before.end = Some(start.max(before.start));
        }
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str().and_then(|text| text.parse().ok())
}
