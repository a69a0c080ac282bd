//! Reading: one connection, one page at a time, each from one consistent state of the file.
//! Touch it when pages are cut or ordered otherwise; what is wanted is in `select`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::epochs::{Epoch, number, parts};
use super::select::Plan;
use super::{
    EpochEnd, EpochPage, FILE_NAME, HistoryError, Item, MissingReason, Page, Position, Record, Selection,
};
use super::{codec, schema};

/// Bytes of JSON after which a page is full.
const PAGE_BYTES: usize = 1 << 20;

/// Dictionaries and names that a reader remembers.
const REMEMBERED: usize = 256;

/// A connection that reads.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    names: RefCell<HashMap<i64, Arc<str>>>,
    dictionaries: RefCell<HashMap<i64, Arc<[u8]>>>,
    damage: Cell<bool>,
}

impl Reader {
    /// Opens the history in this folder, which a daemon may be writing.
    ///
    /// # Errors
    /// [`HistoryError::Absent`] if there is none; else what keeps it from being read.
    pub fn open(folder: &Path) -> Result<Self, HistoryError> {
        Self::open_file(&folder.join(FILE_NAME))
    }

    pub(super) fn open_file(path: &Path) -> Result<Self, HistoryError> {
        let connection = schema::open_for_reading(path)?;
        let (names, dictionaries) = (RefCell::default(), RefCell::default());
        Ok(Self { connection, names, dictionaries, damage: Cell::new(false) })
    }

    /// Whether any event that was read so far turned out to be damaged.
    pub fn met_damage(&self) -> bool {
        self.damage.get()
    }

    /// A stretch of one epoch after `after`; `None` if the epoch is not known. At most `limit` events.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn epoch_page(
        &self,
        epoch: &str,
        after: u64,
        wanted: &Selection,
        limit: usize,
    ) -> Result<Option<EpochPage>, HistoryError> {
        // Everything that follows sees one state of the file.
        let _state = self.connection.unchecked_transaction()?;
        let Some(epoch) = Epoch::named(&self.connection, epoch)? else { return Ok(None) };
        let (mut after, mut items) = (after, Vec::new());
        if after < epoch.pruned {
            let (from_seq, to_seq) = (after + 1, epoch.pruned);
            items.push(Item::Missing { from_seq, to_seq, reason: MissingReason::Pruned });
            after = epoch.pruned;
        }
        let latest = epoch.latest(&self.connection)?;
        let until = number(epoch.id, u64::MAX);
        let plan = Plan::new(&self.connection, wanted)?;
        let (rows, last) = plan.rows(&self.connection, number(epoch.id, after), until, limit)?;
        let mut up_to = last.map_or(latest.max(after), |last| parts(last).1);
        let mut bytes = 0;
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let seq = parts(row).1;
            found.push(match self.record(&epoch, row)? {
                Some(record) => {
                    bytes += record.json.len();
                    Item::Event(record)
                }
                None => Item::Missing { from_seq: seq, to_seq: seq, reason: MissingReason::Damaged },
            });
            if bytes > PAGE_BYTES {
                up_to = seq;
                break;
            }
        }
        self.merge_holes(&epoch, after, up_to, found, &mut items)?;
        let end = if up_to < latest {
            None
        } else {
            let next = epoch.next(&self.connection)?.map(|next| next.ulid);
            Some(EpochEnd { last_seq: latest, complete: epoch.clean, next })
        };
        Ok(Some(EpochPage { items, up_to, end }))
    }

    /// A stretch over all epochs, after a place or from the oldest on. At most `limit` events; `None` if the place is of
    /// an epoch that is not known.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn page(
        &self,
        after: Option<&Position>,
        wanted: &Selection,
        limit: usize,
    ) -> Result<Option<Page>, HistoryError> {
        let _state = self.connection.unchecked_transaction()?;
        let after = match after {
            None => 0,
            Some(position) => match Epoch::named(&self.connection, &position.epoch)? {
                Some(epoch) => number(epoch.id, position.seq),
                None => return Ok(None),
            },
        };
        let plan = Plan::new(&self.connection, wanted)?;
        let (rows, last) = plan.rows(&self.connection, after, i64::MAX, limit)?;
        let mut page = Page::default();
        let (mut more, mut bytes) = (last, 0);
        let mut epoch: Option<Epoch> = None;
        for row in rows {
            let id = parts(row).0;
            if epoch.as_ref().is_none_or(|epoch| epoch.id != id) {
                epoch = Epoch::numbered(&self.connection, id)?;
            }
            let Some(of) = &epoch else { continue };
            if let Some(record) = self.record(of, row)? {
                bytes += record.json.len();
                page.records.push(record);
            }
            if bytes > PAGE_BYTES {
                more = Some(row);
                break;
            }
        }
        if let Some(row) = more {
            let (id, seq) = parts(row);
            let epoch = Epoch::numbered(&self.connection, id)?;
            page.next = epoch.map(|epoch| Position { epoch: epoch.ulid, seq });
        }
        Ok(Some(page))
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The event of this number; `None` if what the file has of it is damaged.
    pub(super) fn record(&self, epoch: &Epoch, row: i64) -> Result<Option<Record>, HistoryError> {
        let sql = "SELECT source, type, time, dictionary, body FROM events WHERE id = ?";
        let mut look = self.connection.prepare_cached(sql)?;
        let found = look.query_row([row], |row| {
            let of = |place| row.get::<_, i64>(place);
            Ok((of(0)?, of(1)?, of(2)?, of(3)?, row.get::<_, Vec<u8>>(4)?))
        });
        let Some((source, kind, time, dictionary, body)) = found.optional()? else {
            self.damage.set(true);
            return Ok(None);
        };
        let words = self.dictionary(dictionary)?;
        let names = self.name(source)?.zip(self.name(kind)?);
        let text = words.and_then(|words| codec::unpack(&body, &words));
        let time = Timestamp::from_millisecond(time).ok();
        let record = names.zip(text).zip(time).map(|(((source, kind), json), time)| Record {
            position: Position { epoch: Arc::clone(&epoch.ulid), seq: parts(row).1 },
            source,
            kind,
            time,
            json,
        });
        if record.is_none() {
            self.damage.set(true);
        }
        Ok(record)
    }

    /// Puts what is missing after `after` and up to `up_to` between the events.
    fn merge_holes(
        &self,
        epoch: &Epoch,
        after: u64,
        up_to: u64,
        found: Vec<Item>,
        items: &mut Vec<Item>,
    ) -> Result<(), HistoryError> {
        let sql =
            "SELECT first, last FROM holes WHERE last > ?1 AND first <= ?2 AND first >= ?3 ORDER BY first";
        let mut look = self.connection.prepare_cached(sql)?;
        let bounds = [number(epoch.id, after), number(epoch.id, up_to), number(epoch.id, 0)];
        let holes = look.query_map(bounds, |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut holes = holes.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?.into_iter().peekable();
        let missing = |(first, last): (i64, i64)| Item::Missing {
            from_seq: parts(first).1.max(after + 1),
            to_seq: parts(last).1.min(up_to),
            reason: MissingReason::NotRecorded,
        };
        for item in found {
            let seq = match &item {
                Item::Event(record) => record.position.seq,
                Item::Missing { from_seq, .. } => *from_seq,
            };
            while let Some(hole) = holes.next_if(|(first, _)| parts(*first).1 < seq) {
                items.push(missing(hole));
            }
            items.push(item);
        }
        items.extend(holes.map(missing));
        Ok(())
    }

    fn name(&self, id: i64) -> rusqlite::Result<Option<Arc<str>>> {
        let get = |id| {
            let mut look = self.connection.prepare_cached("SELECT name FROM names WHERE id = ?")?;
            look.query_row([id], |row| Ok(Arc::from(row.get::<_, String>(0)?))).optional()
        };
        remembered(&self.names, id, get)
    }

    fn dictionary(&self, id: i64) -> rusqlite::Result<Option<Arc<[u8]>>> {
        let get = |id| {
            let mut look = self.connection.prepare_cached("SELECT body FROM dictionaries WHERE id = ?")?;
            look.query_row([id], |row| Ok(Arc::from(row.get::<_, Vec<u8>>(0)?))).optional()
        };
        remembered(&self.dictionaries, id, get)
    }
}

/// What was looked up before, or else looks it up. Numbers are never given twice while they are in use.
fn remembered<T: ?Sized>(
    known: &RefCell<HashMap<i64, Arc<T>>>,
    id: i64,
    get: impl FnOnce(i64) -> rusqlite::Result<Option<Arc<T>>>,
) -> rusqlite::Result<Option<Arc<T>>> {
    if let Some(value) = known.borrow().get(&id) {
        return Ok(Some(Arc::clone(value)));
    }
    let Some(value) = get(id)? else { return Ok(None) };
    let mut known = known.borrow_mut();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(id, Arc::clone(&value));
    Ok(Some(value))
}
