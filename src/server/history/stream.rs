//! Pages of events on their way to a client: one whole, or one after the other as fast as they are taken, so that an
//! answer of any length holds one page in memory. Touch it when a page is to be written otherwise.

use axum::body::{Body, Bytes};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::api_error::ApiError;
use super::super::archive::Archive;
use super::super::message::Frame;
use super::form::Form;
use super::unreadable;
use super::wish::Wish;
use crate::event::{Event, PROTOCOL_VERSION};
use crate::history::{EVENT_COLUMNS, HistoryError, Position, Record, csv_head, cut_top, event_csv, top_p};

/// Events of one reading for a stream.
const PAGE: usize = 256;

/// A page of events.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::server) struct HistoryPage {
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    v: u32,
    /// As they were published, the oldest first; those of other versions of the daemon too.
    #[schemars(with = "Vec<Event>")]
    events: Frame,
    /// The `cursor` of the next page; absent with the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// A page, written.
#[derive(Debug, Default)]
pub(super) struct Written {
    text: String,
    events: u64,
    next: Option<Position>,
}

/// The first page, so that what goes wrong at once is an error and no broken answer.
pub(super) async fn first(archive: &Archive, wish: &Wish, form: Form) -> Result<Written, ApiError> {
    let limit = match form {
        Form::Json => wish.page_limit(),
        Form::Lines | Form::Csv => page_of(wish.limit),
    };
    read(archive, wish, form, wish.after.clone(), limit)
        .await
        .map_err(unreadable)?
        .ok_or_else(|| wish.unknown())
}

/// Events of the next reading, if so many are still wanted.
fn page_of(left: Option<u64>) -> usize {
    left.map_or(PAGE, |left| usize::try_from(left).map_or(PAGE, |left| left.min(PAGE)))
}

async fn read(
    archive: &Archive,
    wish: &Wish,
    form: Form,
    after: Option<Position>,
    limit: usize,
) -> Result<Option<Written>, HistoryError> {
    let wish = wish.clone();
    let reading = move |history: &crate::history::History| {
        let page = history.page(after.as_ref(), &wish.selection, limit)?;
        Ok(page.map(|page| {
            let mut written = Written { next: page.next, ..Written::default() };
            for record in page.records {
                let low = wish.min_p > 0.0 && top_p(&record.json).is_some_and(|p| p < wish.min_p);
                if !low {
                    written.push(record, wish.top_k, form);
                }
            }
            written
        }))
    };
    archive.read(reading).await
}

impl Written {
    fn push(&mut self, mut record: Record, top_k: Option<usize>, form: Form) {
        if let Some(k) = top_k {
            record.json = cut_top(&record.json, k);
        }
        match form {
            Form::Json => {
                if self.events > 0 {
                    self.text.push(',');
                }
                self.text.push_str(&record.json);
            }
            Form::Lines => {
                self.text.push_str(&record.json);
                self.text.push('\n');
            }
            Form::Csv => self.text.push_str(&event_csv(&record)),
        }
        self.events += 1;
    }

    /// As one object.
    pub(super) fn whole(self) -> HistoryPage {
        let events = Frame(format!("[{}]", self.text).into());
        HistoryPage { v: PROTOCOL_VERSION, events, next: self.next.map(|next| next.to_string()) }
    }

    /// This page and those after it.
    pub(super) fn stream(mut self, archive: Archive, wish: Wish, form: Form) -> Body {
        if form == Form::Csv {
            self.text.insert_str(0, &csv_head(&EVENT_COLUMNS));
        }
        let stream = Stream { page: Some(self), after: None, left: wish.limit, archive, wish, form };
        Body::from_stream(futures_util::stream::unfold(stream, async |mut stream| {
            stream.next().await.map(|chunk| (chunk, stream))
        }))
    }
}

/// An answer on its way.
struct Stream {
    /// What is handed on next.
    page: Option<Written>,
    /// Where to read on after that.
    after: Option<Position>,
    /// Events that are still wanted; `None` for all.
    left: Option<u64>,
    archive: Archive,
    wish: Wish,
    form: Form,
}

impl Stream {
    /// The next chunk. An error breaks the connection off, which is how a client learns that this is not all.
    async fn next(&mut self) -> Option<Result<Bytes, HistoryError>> {
        loop {
            if let Some(page) = self.page.take() {
                self.left = self.left.map(|left| left.saturating_sub(page.events));
                self.after = page.next.filter(|_| self.left != Some(0));
                if !page.text.is_empty() {
                    return Some(Ok(page.text.into()));
                }
            }
            let after = self.after.take()?;
            match read(&self.archive, &self.wish, self.form, Some(after), page_of(self.left)).await {
                Ok(page) => self.page = Some(page?),
                Err(error) => {
                    tracing::warn!(%error, "an answer from the history breaks off");
                    return Some(Err(error));
                }
            }
        }
    }
}
