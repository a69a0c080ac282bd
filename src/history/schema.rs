//! The tables, their versions, and how a connection is set up. Touch it when the file is to hold something else: add a
//! step to `STEPS`, never change one that was released.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::HistoryError;

/// `genr`: marks a SQLite file as ours.
const APPLICATION_ID: i32 = 0x6765_6e72;

/// What `names.kind` says a name is of.
pub(super) const KIND_SOURCE: i64 = 0;
pub(super) const KIND_TYPE: i64 = 1;

/// Bits of an event's number that are its `seq`; those above are its epoch. So one number orders everything.
pub(super) const SEQ_BITS: u32 = 40;

/// The highest `seq` that has room, 10^12: 34,000 years at one event a second.
pub(super) const HIGHEST_SEQ: i64 = (1 << SEQ_BITS) - 1;

/// Width of a row of `spans`, in milliseconds: ten minutes.
pub(super) const SPAN_MS: i64 = 600_000;

/// How long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_millis(250);

/// Each brings the file from one version to the next; the version is how many have been taken.
const STEPS: [&str; 1] = ["
    -- One for each run of the daemon, in the order of starts. Events up to `pruned` were let go. `clean`: that run ended
    -- in order, so nothing came after the last event that is here.
    CREATE TABLE epochs (
        id INTEGER PRIMARY KEY, ulid TEXT NOT NULL UNIQUE, started INTEGER NOT NULL,
        pruned INTEGER NOT NULL DEFAULT 0, clean INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- Of sources (kind 0) and of types of events (kind 1).
    CREATE TABLE names (
        id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name)
    ) STRICT;
    -- Texts that events are packed over.
    CREATE TABLE dictionaries (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
    -- id = epoch * 2^40 + seq; time in milliseconds since 1970; body as codec.rs packs it.
    CREATE TABLE events (
        id INTEGER PRIMARY KEY, source INTEGER NOT NULL, type INTEGER NOT NULL, time INTEGER NOT NULL,
        dictionary INTEGER NOT NULL, body BLOB NOT NULL
    ) STRICT;
    CREATE INDEX events_by_kind ON events (source, type);
    -- Events that were never recorded, both ends included, numbered like events.
    CREATE TABLE holes (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
    -- For each ten minutes since 1970 that had events: the lowest and the highest number among them. While events are
    -- added to a span, `last` is null, so that not every commit writes it anew.
    CREATE TABLE spans (bucket INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER) STRICT;
"];

/// Opens the file for its writer, makes it if there is none, and brings it to the newest version.
///
/// Commits are not synced to the disk one by one (`synchronous = NORMAL`): a process that is killed loses nothing that
/// was committed, and a machine that loses power loses the seconds since the last checkpoint but never the file. That
/// spares an SD card some 170,000 forced writes a day.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, HistoryError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    check(&connection, STEPS.len())?;
    // Takes effect only before the first table is made.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", AUTO_CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", JOURNAL_LIMIT)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    migrate(&mut connection, &STEPS)?;
    Ok(connection)
}

/// Pages of changes after which they are folded into the file: 4 MiB.
const AUTO_CHECKPOINT_PAGES: u32 = 1000;

/// What the file of changes is cut down to after that, in bytes.
const JOURNAL_LIMIT: u32 = 8 << 20;

/// Memory for pages of the file, in KiB.
const CACHE_KIB: i64 = 2048;

/// The same for each of several readers, which go through it once.
const READER_CACHE_KIB: i64 = 512;

/// Opens the file for reading only.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, HistoryError> {
    if !path.exists() {
        return Err(HistoryError::Absent(path.parent().unwrap_or(path).to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    check(&connection, STEPS.len())?;
    Ok(connection)
}

/// Refuses what is not ours or newer than we are; neither must ever be written to.
fn check(connection: &Connection, known: usize) -> Result<(), HistoryError> {
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let (application, version) = (number("application_id")?, number("user_version")?);
    if tables > 0 && application != APPLICATION_ID {
        return Err(HistoryError::Foreign(application));
    }
    let (found, known) = (u32::try_from(version).unwrap_or(u32::MAX), known as u32);
    if found > known { Err(HistoryError::Newer { found, known }) } else { Ok(()) }
}

/// Takes the steps that the file has not taken yet, each with its new version in one transaction.
fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), HistoryError> {
    loop {
        let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = change.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let Some(step) = usize::try_from(version).ok().and_then(|taken| steps.get(taken)) else {
            return Ok(());
        };
        change.execute_batch(step)?;
        change.pragma_update(None, "application_id", APPLICATION_ID)?;
        change.pragma_update(None, "user_version", version + 1)?;
        change.commit()?;
    }
}

#[cfg(test)]
mod tests {
    use temp_dir::TempDir;

    use super::*;

    #[test]
    fn every_step_is_taken_once_and_what_was_there_stays() {
        let place = TempDir::new().expect("a folder");
        let mut connection = Connection::open(place.child("h.db")).expect("opens");
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1"];
        migrate(&mut connection, &steps[..1]).expect("made");
        connection.execute("INSERT INTO a VALUES (7)", []).expect("taken");
        for _ in 0..2 {
            migrate(&mut connection, &steps).expect("brought forward");
            let row = connection.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)));
            assert_eq!(row, Ok((7, 8)));
        }
        assert!(matches!(check(&connection, 1), Err(HistoryError::Newer { found: 2, known: 1 })));
        // A step that fails leaves the version as it was.
        assert!(migrate(&mut connection, &[steps[0], steps[1], "CREATE TABLE a (z)"]).is_err());
        check(&connection, 2).expect("still version 2");
    }

    #[test]
    fn a_newer_file_and_one_of_something_else_are_left_alone() {
        let place = TempDir::new().expect("a folder");
        let newer = place.child("newer.db");
        open_for_writing(&newer).expect("made").pragma_update(None, "user_version", 99).expect("set");
        let foreign = place.child("foreign.db");
        Connection::open(&foreign).expect("made").execute_batch("CREATE TABLE notes (text)").expect("made");
        for path in [newer, foreign] {
            let before = std::fs::read(&path).expect("readable");
            let error = open_for_writing(&path).expect_err("refused");
            assert!(
                matches!(error, HistoryError::Newer { found: 99, .. } | HistoryError::Foreign(0)),
                "{error}"
            );
            assert_eq!(std::fs::read(&path).expect("readable"), before);
        }
    }

    #[test]
    fn the_file_is_set_up_as_promised() {
        let place = TempDir::new().expect("a folder");
        let connection = open_for_writing(&place.child("h.db")).expect("made");
        let text = |name| connection.pragma_query_value(None, name, |row| row.get::<_, String>(0));
        let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        assert_eq!(text("journal_mode").as_deref(), Ok("wal"));
        assert_eq!((number("synchronous"), number("auto_vacuum")), (Ok(1), Ok(2)));
    }
}
