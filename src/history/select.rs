//! Which events are wanted of the history, and how SQLite finds them without looking at the others.
//! Touch it when there is another filter.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::schema::{KIND_SOURCE, KIND_TYPE, SPAN_MS};

/// What is wanted; `None` stands for everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Names of sources.
    pub sources: Option<Vec<String>>,
    /// Types of events.
    pub types: Option<Vec<String>>,
    /// Published at or after this moment.
    pub from: Option<Timestamp>,
    /// Published before this moment.
    pub to: Option<Timestamp>,
}

/// A selection in terms of one file.
#[derive(Debug)]
pub(super) struct Plan {
    /// Pairs of source and type to look for; `None` for all.
    pairs: Option<Vec<(i64, i64)>>,
    from_ms: i64,
    to_ms: i64,
    /// Rows outside cannot be of the wanted time.
    first: i64,
    last: i64,
}

impl Plan {
    pub(super) fn new(connection: &Connection, wanted: &Selection) -> rusqlite::Result<Self> {
        let pairs = match (&wanted.sources, &wanted.types) {
            (None, None) => None,
            (sources, types) => {
                let sources = ids(connection, KIND_SOURCE, sources.as_deref())?;
                let types = ids(connection, KIND_TYPE, types.as_deref())?;
                Some(sources.iter().flat_map(|source| types.iter().map(|kind| (*source, *kind))).collect())
            }
        };
        let from_ms = wanted.from.map_or(i64::MIN, Timestamp::as_millisecond);
        let to_ms = wanted.to.map_or(i64::MAX, Timestamp::as_millisecond);
        // Times may jump when a clock is set; numbers never do. So each stretch of time knows the rows that fall in it.
        let bound = |sql: &str, ms: i64, otherwise: i64| {
            let bucket = ms.div_euclid(SPAN_MS);
            connection
                .prepare_cached(sql)?
                .query_row(params![bucket], |row| row.get::<_, Option<i64>>(0))
                .map(|bound| bound.unwrap_or(otherwise))
        };
        let first = match wanted.from {
            Some(_) => bound("SELECT min(first) FROM spans WHERE bucket >= ?", from_ms, i64::MAX)?,
            None => 0,
        };
        let last = match wanted.to {
            Some(_) => bound(
                "SELECT max(coalesce(last, 0x7fffffffffffffff)) FROM spans WHERE bucket <= ?",
                to_ms,
                -1,
            )?,
            None => i64::MAX,
        };
        Ok(Self { pairs, from_ms, to_ms, first, last })
    }

    /// No row after this one is of the wanted time.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// At most `limit` rows after `after` and up to `until`, by rising number, and the row up to which everything has
    /// been looked at: `None` if that is all there is.
    pub(super) fn rows(
        &self,
        connection: &Connection,
        after: i64,
        until: i64,
        limit: usize,
    ) -> rusqlite::Result<(Vec<i64>, Option<i64>)> {
        let (after, until) = (after.max(self.first.saturating_sub(1)), until.min(self.last));
        let mut found = Vec::new();
        if after >= until || limit == 0 {
            return Ok((found, None));
        }
        // One more than wanted tells whether there are more.
        let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        match &self.pairs {
            None => {
                let mut rows = connection.prepare_cached(
                    "SELECT id FROM events WHERE id > ?1 AND id <= ?2 AND time >= ?3 AND time < ?4 ORDER BY id LIMIT ?5",
                )?;
                let of =
                    rows.query_map(params![after, until, self.from_ms, self.to_ms, most], |row| row.get(0))?;
                found.extend(of.collect::<rusqlite::Result<Vec<i64>>>()?);
            }
            Some(pairs) => {
                // Within one pair the index is in the order of the rows, so each look-up stops at its limit.
                let mut rows = connection.prepare_cached(
                    "SELECT id FROM events INDEXED BY events_by_kind WHERE source = ?6 AND type = ?7 \
                     AND id > ?1 AND id <= ?2 AND time >= ?3 AND time < ?4 ORDER BY id LIMIT ?5",
                )?;
                for (source, kind) in pairs {
                    let values = params![after, until, self.from_ms, self.to_ms, most, source, kind];
                    let of = rows.query_map(values, |row| row.get(0))?;
                    found.extend(of.collect::<rusqlite::Result<Vec<i64>>>()?);
                }
                found.sort_unstable();
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let up_to = found.last().copied().filter(|_| more);
        Ok((found, up_to))
    }
}

/// The numbers that names have in this file; a name that never came has none.
fn ids(connection: &Connection, kind: i64, names: Option<&[String]>) -> rusqlite::Result<Vec<i64>> {
    match names {
        None => connection
            .prepare_cached("SELECT id FROM names WHERE kind = ?")?
            .query_map([kind], |row| row.get(0))?
            .collect(),
        Some(names) => {
            let mut look = connection.prepare_cached("SELECT id FROM names WHERE kind = ?1 AND name = ?2")?;
            let mut found = Vec::new();
            for name in names {
                found.extend(
                    look.query_map(params![kind, name], |row| row.get::<_, i64>(0))?
                        .collect::<Result<Vec<_>, _>>()?,
                );
            }
            found.sort_unstable();
            found.dedup();
            Ok(found)
        }
    }
}
