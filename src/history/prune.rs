//! Letting the oldest go, a little at a time. Touch it when what is kept follows another rule.

use rusqlite::{TransactionBehavior, params};

use super::epochs::parts;
use super::store::Store;
use super::{HistoryError, Limits};

/// Events let go in one go: more than come in the same time, and done within milliseconds.
const MOST_EVENTS: i64 = 500;

/// Free pages that are kept for what comes; beyond them the file is made smaller.
const FREE_PAGES: i64 = 512;

/// Pages given back to the disk in one go.
const MOST_PAGES: i64 = 64;

const DAY_MS: i64 = 86_400_000;

impl Store {
    /// Bytes in use, pages that are free not counted.
    pub(super) fn bytes(&self) -> Result<u64, HistoryError> {
        let number = |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = number("page_count")? - number("freelist_count")?;
        Ok((pages * number("page_size")?).unsigned_abs())
    }

    /// Lets go of at most a few hundred events that are beyond the limits; true if there are more.
    pub(super) fn prune(&mut self, limits: &Limits, now_ms: i64) -> Result<bool, HistoryError> {
        let cut = now_ms.saturating_sub(i64::from(limits.keep_days).saturating_mul(DAY_MS));
        let too_many = self.bytes()? > limits.keep_bytes;
        let mut last = None;
        let mut count = 0;
        {
            let mut oldest =
                self.connection.prepare_cached("SELECT id, time FROM events ORDER BY id LIMIT ?")?;
            let mut rows = oldest.query([MOST_EVENTS])?;
            while let Some(row) = rows.next()? {
                let (id, time): (i64, i64) = (row.get(0)?, row.get(1)?);
                if !too_many && time >= cut {
                    break;
                }
                (last, count) = (Some(id), count + 1);
            }
        }
        if let Some(last) = last {
            self.let_go(last)?;
        }
        self.shrink()?;
        Ok(count == MOST_EVENTS)
    }

    /// Lets go of everything up to this event.
    fn let_go(&mut self, last: i64) -> Result<(), HistoryError> {
        let (epoch, seq) = parts(last);
        let change = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let gone = change.execute("DELETE FROM events WHERE id <= ?", [last])?;
        change.execute("DELETE FROM holes WHERE last <= ?", [last])?;
        change.execute("DELETE FROM spans WHERE last <= ?", [last])?;
        change.execute("DELETE FROM dictionaries WHERE epoch < ?", [epoch])?;
        change.execute("DELETE FROM epochs WHERE id < ?", [epoch])?;
        let seq = i64::try_from(seq).unwrap_or(i64::MAX);
        change.execute("UPDATE epochs SET pruned = max(pruned, ?1) WHERE id = ?2", params![seq, epoch])?;
        change.commit()?;
        self.events = self.events.saturating_sub(gone as u64);
        if epoch == self.epoch.id {
            self.epoch.pruned = seq.unsigned_abs();
        }
        Ok(())
    }

    fn shrink(&self) -> Result<(), HistoryError> {
        let free: i64 = self.connection.pragma_query_value(None, "freelist_count", |row| row.get(0))?;
        if free > FREE_PAGES {
            // It answers with one row for each page, all of which must be taken.
            let mut vacuum = self.connection.prepare(&format!("PRAGMA incremental_vacuum({MOST_PAGES})"))?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(())
    }
}
