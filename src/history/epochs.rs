//! The runs of the daemon in the file: which there are, how far each reaches, which comes next.
//! Touch it when a run is to remember more.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::schema::{HIGHEST_SEQ, SEQ_BITS};

/// A run as the file knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Epoch {
    pub id: i64,
    pub ulid: Arc<str>,
    /// Events up to this `seq` were let go.
    pub pruned: u64,
    /// It ended in order.
    pub clean: bool,
}

/// The number of an event.
pub(super) fn number(epoch: i64, seq: u64) -> i64 {
    (epoch << SEQ_BITS) | i64::try_from(seq).unwrap_or(HIGHEST_SEQ).min(HIGHEST_SEQ)
}

/// The epoch and the `seq` in a number.
pub(super) fn parts(number: i64) -> (i64, u64) {
    (number >> SEQ_BITS, (number & HIGHEST_SEQ).unsigned_abs())
}

impl Epoch {
    fn of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let pruned = row.get::<_, i64>(2)?.unsigned_abs();
        Ok(Self { id: row.get(0)?, ulid: row.get::<_, String>(1)?.into(), pruned, clean: row.get(3)? })
    }

    /// The run of this name.
    pub fn named(connection: &Connection, ulid: &str) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT id, ulid, pruned, clean FROM epochs WHERE ulid = ?";
        connection.prepare_cached(sql)?.query_row([ulid], Self::of).optional()
    }

    /// The run of this number.
    pub fn numbered(connection: &Connection, id: i64) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT id, ulid, pruned, clean FROM epochs WHERE id = ?";
        connection.prepare_cached(sql)?.query_row([id], Self::of).optional()
    }

    /// The next run that published anything, or the newest: starts that came to nothing are passed over.
    pub fn next(&self, connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT id, ulid, pruned, clean FROM epochs WHERE id > ?1 AND (
                       id = (SELECT max(id) FROM epochs) OR pruned > 0
                       OR EXISTS (SELECT 1 FROM events WHERE events.id BETWEEN epochs.id << ?2 AND (epochs.id + 1) << ?2)
                       OR EXISTS (SELECT 1 FROM holes WHERE first BETWEEN epochs.id << ?2 AND (epochs.id + 1) << ?2)
                   ) ORDER BY id LIMIT 1";
        connection.prepare_cached(sql)?.query_row(params![self.id, SEQ_BITS], Self::of).optional()
    }

    /// Makes the run if it is new; one that is not goes on.
    pub fn begin(connection: &Connection, ulid: &str, started_ms: i64) -> rusqlite::Result<Self> {
        let sql =
            "INSERT INTO epochs (ulid, started) VALUES (?1, ?2) ON CONFLICT (ulid) DO UPDATE SET clean = 0
                   RETURNING id, ulid, pruned, clean";
        connection.query_row(sql, params![ulid, started_ms], Self::of)
    }

    /// The `seq` up to which everything is here, a hole, or let go.
    pub fn latest(&self, connection: &Connection) -> rusqlite::Result<u64> {
        let (first, last) = (number(self.id, 0), number(self.id, u64::MAX));
        let highest = |sql: &str| {
            connection.prepare_cached(sql)?.query_row([first, last], |row| row.get::<_, Option<i64>>(0))
        };
        let event = highest("SELECT max(id) FROM events WHERE id BETWEEN ?1 AND ?2")?;
        let hole =
            highest("SELECT last FROM holes WHERE first BETWEEN ?1 AND ?2 ORDER BY first DESC LIMIT 1");
        let hole = hole.optional()?.flatten();
        let seq = event.max(hole).map_or(0, |number| parts(number).1);
        Ok(seq.max(self.pruned))
    }
}
