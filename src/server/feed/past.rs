//! The part of a feed that comes from the history: earlier runs of the daemon, and what the hub's log has let go.
//! Touch it when a replay from there is to look otherwise.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{Feed, Item, Place, Served};
use crate::history::{self, EpochPage, MissingReason, Position};
use crate::server::message::{self, GapReason};

/// Events read in one go.
const PAGE: usize = 64;

/// How long an event may be on its way into the file.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

impl Feed {
    /// Goes on in an earlier run, or says that it is not known and begins with the present.
    pub(super) async fn past(&mut self, from: Position) {
        let page = match &self.archive {
            Some(archive) => {
                let wanted = Arc::clone(&self.wanted);
                archive.epoch_page(Arc::clone(&from.epoch), from.seq, wanted, PAGE).await
            }
            None => Ok(None),
        };
        let page = match page {
            Ok(Some(page)) => page,
            Ok(None) => return self.begin_with_the_present(true),
            Err(error) => {
                tracing::warn!(%error, "an earlier run cannot be read; a subscriber begins with the present");
                return self.begin_with_the_present(true);
            }
        };
        let end = page.end.clone();
        let up_to = self.take_page(&from.epoch, page);
        self.place = Place::Past(Position { epoch: Arc::clone(&from.epoch), seq: up_to });
        if let Some(end) = end {
            let next = end.next.clone().unwrap_or_else(|| Arc::clone(&self.epoch));
            let text = message::restart(&from.epoch, &end, &next).into();
            let served = Served::UpTo(Position { epoch: Arc::clone(&next), seq: 0 });
            self.waiting.push_back(Item { kind: "gap", text, served });
            self.place = match next == self.epoch {
                true => Place::Now(0),
                false => Place::Past(Position { epoch: next, seq: 0 }),
            };
        }
    }

    /// The hub's log has let these events of this run go, both ends included: what the history has of them, or a gap.
    pub(super) async fn behind(&mut self, from_seq: u64, to_seq: u64) {
        if let Some(archive) = self.archive.clone() {
            let (epoch, wanted) = (Arc::clone(&self.epoch), Arc::clone(&self.wanted));
            match archive.epoch_page(epoch, from_seq - 1, wanted, PAGE).await {
                Ok(Some(page)) if page.up_to >= from_seq => {
                    let epoch = Arc::clone(&self.epoch);
                    let up_to = self.take_page(&epoch, page);
                    self.place = Place::Now(up_to);
                    return;
                }
                Ok(_) if archive.history().is_taken(from_seq) => {
                    let mut recorded = archive.history().recorded();
                    let written = recorded.wait_for(|recorded| *recorded >= from_seq);
                    if let Ok(Ok(_)) = timeout(ON_ITS_WAY, written).await {
                        return;
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(%error, "the history cannot be read; a subscriber is told a gap")
                }
            }
        }
        let text = message::gap(&self.epoch, from_seq, to_seq, GapReason::Evicted).into();
        let served = Served::UpTo(self.at(to_seq));
        self.waiting.push_back(Item { kind: "gap", text, served });
        self.place = Place::Now(to_seq);
    }

    /// Lets what passes the filter wait to be taken; returns up to where that goes.
    fn take_page(&mut self, epoch: &Arc<str>, page: EpochPage) -> u64 {
        for item in page.items {
            let item = match item {
                history::Item::Event(record) => {
                    let p = (self.filter.min_p > 0.0).then(|| history::top_p(&record.json)).flatten();
                    if p.is_some_and(|p| p < self.filter.min_p) {
                        continue;
                    }
                    let text = history::cut_top(&record.json, self.filter.top_k).into();
                    Item { kind: kind(&record.kind), text, served: Served::Event(record.position) }
                }
                history::Item::Missing { from_seq, to_seq, reason } => {
                    let reason = match reason {
                        MissingReason::Pruned => GapReason::Evicted,
                        MissingReason::NotRecorded => GapReason::NotRecorded,
                        MissingReason::Damaged => GapReason::Damaged,
                    };
                    let text = message::gap(epoch, from_seq, to_seq, reason).into();
                    let served = Served::UpTo(Position { epoch: Arc::clone(epoch), seq: to_seq });
                    Item { kind: "gap", text, served }
                }
            };
            self.waiting.push_back(item);
        }
        page.up_to
    }
}

/// The type's name as it lives in the program; one that only another version knows is a message all the same.
fn kind(name: &str) -> &'static str {
    crate::event::EventBody::TYPES.into_iter().find(|known| *known == name).unwrap_or("message")
}
