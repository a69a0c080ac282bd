//! The writer's side of the file: events and holes go in, whole batches at a time. Touch it when a row gets a column.
//! After any error it is to be dropped and opened anew, for what it remembers may have been rolled back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::HistoryError;
use super::codec::{self, LONGEST_DICTIONARY};
use super::epochs::{Epoch, number};
use super::schema::{self, KIND_SOURCE, KIND_TYPE, SEQ_BITS, SPAN_MS};
use crate::hub::Entry;

/// Bytes of the file of changes beyond which nothing more is recorded until it could be folded in.
const LONGEST_LOG: u64 = 64 << 20;

/// What comes next in an epoch.
#[derive(Debug)]
pub(super) enum Step {
    Event(Arc<Entry>),
    /// Events, both ends included, that are gone before they could be recorded.
    Hole(u64, u64),
}

/// The file, open for writing.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) connection: Connection,
    pub(super) epoch: Epoch,
    path: PathBuf,
    names: HashMap<(i64, String), i64>,
    dictionaries: HashMap<(i64, i64), (i64, Vec<u8>)>,
    /// The span that events are being added to.
    span: Option<i64>,
    /// Events in the file.
    pub(super) events: u64,
}

impl Store {
    /// Opens the file, or makes it, and begins this epoch in it or goes on with it.
    pub(super) fn open(path: &Path, epoch: &str) -> Result<Self, HistoryError> {
        let connection = schema::open_for_writing(path)?;
        // Before anything is added to it.
        fold(&connection, path)?;
        // A span that was left open by whoever was killed ends with the last event there is.
        connection.execute(
            "UPDATE spans SET last = (SELECT coalesce(max(id), 0) FROM events) WHERE last IS NULL",
            [],
        )?;
        let epoch = Epoch::begin(&connection, epoch, Timestamp::now().as_millisecond())?;
        let (names, dictionaries) = (HashMap::new(), HashMap::new());
        let events = count(&connection)?;
        Ok(Self { connection, epoch, path: path.to_owned(), names, dictionaries, span: None, events })
    }

    /// How many events are in the file.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Lets the file grow to so many bytes and no further.
    pub(super) fn set_ceiling(&self, bytes: u64) -> Result<(), HistoryError> {
        let page: i64 = self.connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        // The pragma answers with the bound that holds, which is never below what the file has already.
        let pages = (bytes / page.unsigned_abs().max(1)).clamp(1, 0xffff_fffe);
        let sql = format!("PRAGMA max_page_count = {pages}");
        self.connection.query_row(&sql, [], |_| Ok(()))?;
        Ok(())
    }

    /// The `seq` of this epoch up to which nothing is to be written any more.
    pub(super) fn latest(&self) -> Result<u64, HistoryError> {
        Ok(self.epoch.latest(&self.connection)?)
    }

    /// Writes all of it or nothing.
    pub(super) fn append(&mut self, steps: &[Step]) -> Result<(), HistoryError> {
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writing = Writing {
            change: &change,
            epoch: self.epoch.id,
            names: &mut self.names,
            dictionaries: &mut self.dictionaries,
            span: &mut self.span,
            events: 0,
        };
        steps.iter().try_for_each(|step| writing.step(step))?;
        let written = writing.events;
        change.commit()?;
        self.events += written;
        Ok(())
    }

    /// Makes sure that the file of changes is bounded, whoever reads.
    pub(super) fn fold(&self) -> Result<(), HistoryError> {
        fold(&self.connection, &self.path)
    }

    /// This run ends in order: everything that was published is in the file.
    pub(super) fn finish(self) -> Result<(), HistoryError> {
        self.connection.execute("UPDATE epochs SET clean = 1 WHERE id = ?", [self.epoch.id])?;
        checkpoint(&self.connection)?;
        self.connection.close().map_err(|(_, error)| error.into())
    }

    /// Whether the file is in order, as far as SQLite can tell: it reads all of it.
    pub(super) fn verify(&self) -> Result<(), HistoryError> {
        let said: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if said == "ok" { Ok(()) } else { Err(HistoryError::Damaged(said)) }
    }
}

/// How many events there are. Counting them one by one would read the whole index of a file of a gigabyte: instead, of each
/// epoch the span from its first to its last, less its holes.
fn count(connection: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT coalesce(sum(last - first + 1
                   - (SELECT coalesce(sum(min(holes.last, ends.last) - max(holes.first, ends.first) + 1), 0) FROM holes
                      WHERE holes.last >= ends.first AND holes.first <= ends.last)), 0)
               FROM (SELECT (SELECT min(id) FROM events WHERE id > epochs.id << ?1 AND id < (epochs.id + 1) << ?1) AS first,
                            (SELECT max(id) FROM events WHERE id > epochs.id << ?1 AND id < (epochs.id + 1) << ?1) AS last
                     FROM epochs) AS ends
               WHERE first IS NOT NULL";
    connection.query_row(sql, [SEQ_BITS], |row| row.get::<_, i64>(0)).map(|count| count.max(0).unsigned_abs())
}

fn fold(connection: &Connection, path: &Path) -> Result<(), HistoryError> {
    let log_bytes = || {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |metadata| metadata.len())
    };
    if log_bytes() <= LONGEST_LOG {
        return Ok(());
    }
    checkpoint(connection)?;
    let bytes = log_bytes();
    if bytes > LONGEST_LOG { Err(HistoryError::LogHeld(bytes)) } else { Ok(()) }
}

fn checkpoint(connection: &Connection) -> Result<(), HistoryError> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
}

/// One transaction.
struct Writing<'a> {
    change: &'a Transaction<'a>,
    epoch: i64,
    names: &'a mut HashMap<(i64, String), i64>,
    dictionaries: &'a mut HashMap<(i64, i64), (i64, Vec<u8>)>,
    span: &'a mut Option<i64>,
    /// Written so far.
    events: u64,
}

impl Writing<'_> {
    fn step(&mut self, step: &Step) -> rusqlite::Result<()> {
        match step {
            Step::Event(entry) => self.event(entry),
            Step::Hole(first, last) => self.hole(*first, *last),
        }
    }

    fn event(&mut self, entry: &Entry) -> rusqlite::Result<()> {
        let text = entry.json();
        let source = self.name(KIND_SOURCE, entry.source())?;
        let kind = self.name(KIND_TYPE, entry.type_name())?;
        self.dictionary(source, kind, &text)?;
        let (dictionary, words) = &self.dictionaries[&(source, kind)];
        let Some(body) = codec::pack(&text, words) else {
            return self.hole(entry.seq(), entry.seq());
        };
        let id = number(self.epoch, entry.seq());
        let time = entry.event().time.as_millisecond();
        let sql =
            "INSERT INTO events (id, source, type, time, dictionary, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.change.prepare_cached(sql)?.execute(params![id, source, kind, time, dictionary, body])?;
        self.events += 1;
        self.span(time.div_euclid(SPAN_MS), id)
    }

    fn hole(&self, first: u64, last: u64) -> rusqlite::Result<()> {
        let (first, last) = (number(self.epoch, first), number(self.epoch, last));
        self.change.execute("INSERT INTO holes (first, last) VALUES (?1, ?2)", [first, last])?;
        Ok(())
    }

    fn name(&mut self, kind: i64, name: &str) -> rusqlite::Result<i64> {
        let key = (kind, name.to_owned());
        if let Some(id) = self.names.get(&key) {
            return Ok(*id);
        }
        let sql = "INSERT INTO names (kind, name) VALUES (?1, ?2) ON CONFLICT (kind, name) DO UPDATE SET name = name
                   RETURNING id";
        let id = self.change.query_row(sql, params![kind, name], |row| row.get(0))?;
        self.names.insert(key, id);
        Ok(id)
    }

    /// Makes the first event of a source and type, in a run, what the later ones are packed over.
    fn dictionary(&mut self, source: i64, kind: i64, text: &str) -> rusqlite::Result<()> {
        if self.dictionaries.contains_key(&(source, kind)) {
            return Ok(());
        }
        let words = &text.as_bytes()[..text.len().min(LONGEST_DICTIONARY)];
        let sql = "INSERT INTO dictionaries (epoch, body) VALUES (?1, ?2)";
        self.change.execute(sql, params![self.epoch, words])?;
        self.dictionaries.insert((source, kind), (self.change.last_insert_rowid(), words.to_vec()));
        Ok(())
    }

    /// The event falls into this span; that before, if it is another, ends with the event before.
    fn span(&mut self, bucket: i64, id: i64) -> rusqlite::Result<()> {
        if *self.span == Some(bucket) {
            return Ok(());
        }
        if let Some(before) = *self.span {
            self.change.execute("UPDATE spans SET last = ?1 WHERE bucket = ?2", [id - 1, before])?;
        }
        let sql = "INSERT INTO spans (bucket, first) VALUES (?1, ?2) ON CONFLICT (bucket) DO UPDATE SET last = NULL";
        self.change.execute(sql, [bucket, id])?;
        *self.span = Some(bucket);
        Ok(())
    }
}
