//! Where the history is read: over HTTP from a daemon, or from its file. Both give the same lines.
//! Touch it when there is something else to ask for.

use std::io;
use std::path::Path;

use genrecast::client::{Endpoint, Token, fetch_lines};
use genrecast::history::{
    EVENT_COLUMNS, Position, Reader, SEGMENT_COLUMNS, Selection, csv_head, event_csv, segment_csv,
    segment_json,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::runtime::Runtime;

use super::{Failure, Told, unreadable};

/// Events of one reading of the file.
const PAGE: usize = 500;

/// Events that the segments of one reading are made of.
const SEGMENT_EVENTS: usize = 20_000;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Events,
    Segments,
}

/// How each is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Lines,
    Csv,
}

/// Where it is read.
pub(super) enum Origin {
    Daemon(Endpoint, Option<Token>, Runtime),
    Folder(Reader),
}

impl Origin {
    pub fn daemon(at: Endpoint, token: Option<Token>) -> Result<Self, Failure> {
        Ok(Self::Daemon(at, token, tokio::runtime::Builder::new_current_thread().enable_all().build()?))
    }

    pub fn folder(folder: &Path) -> Result<Self, Failure> {
        Reader::open(folder).map(Self::Folder).map_err(unreadable)
    }

    /// Hands on each line, without its end.
    pub fn lines(
        &self,
        what: What,
        wanted: &Selection,
        form: Form,
        line: impl FnMut(&str) -> io::Result<()>,
    ) -> Result<(), Told> {
        match self {
            Self::Daemon(at, token, runtime) => {
                let path = path(what, wanted, form);
                Ok(runtime.block_on(fetch_lines(at, token.as_ref(), &path, line))?)
            }
            Self::Folder(reader) if what == What::Events => events(reader, wanted, form, line),
            Self::Folder(reader) => segments(reader, wanted, form, line),
        }
    }
}

fn path(what: What, wanted: &Selection, form: Form) -> String {
    let (path, form) = match (what, form) {
        (What::Events, Form::Lines) => ("/v1/history", "jsonl"),
        (What::Events, Form::Csv) => ("/v1/history", "csv"),
        (What::Segments, Form::Lines) => ("/v1/history/segments", "jsonl"),
        (What::Segments, Form::Csv) => ("/v1/history/segments", "csv"),
    };
    let mut query = vec![format!("format={form}")];
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let mut list = |name: &str, values: &Option<Vec<String>>| {
        if let Some(values) = values {
            let values: Vec<_> = values.iter().map(|value| encoded(value)).collect();
            query.push(format!("{name}={}", values.join(",")));
        }
    };
    list("sources", &wanted.sources);
    if what == What::Events {
        list("types", &wanted.types);
    }
    let moments = [("from", wanted.from), ("to", wanted.to)];
    let moments = moments.into_iter().filter_map(|(name, moment)| Some((name, moment?)));
    query.extend(moments.map(|(name, moment)| format!("{name}={}", encoded(&moment.to_string()))));
    format!("{path}?{}", query.join("&"))
}

fn events(
    reader: &Reader,
    wanted: &Selection,
    form: Form,
    line: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), Told> {
    let head = (form == Form::Csv).then(|| csv_head(&EVENT_COLUMNS));
    pages(head, line, |after| {
        let page = reader.page(after, wanted, PAGE)?;
        Ok(page.map(|page| {
            let lines = page.records.iter().map(|record| match form {
                Form::Lines => record.json.clone(),
                Form::Csv => event_csv(record),
            });
            (lines.collect(), page.next)
        }))
    })
}

fn segments(
    reader: &Reader,
    wanted: &Selection,
    form: Form,
    line: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), Told> {
    let head = (form == Form::Csv).then(|| csv_head(&SEGMENT_COLUMNS));
    pages(head, line, |after| {
        let page = reader.segments(after, wanted, SEGMENT_EVENTS)?;
        let Some(page) = page else { return Ok(None) };
        let lines = page.segments.iter().map(|segment| match form {
            Form::Lines => serde_json::to_string(&segment_json(segment)).map_err(io::Error::from),
            Form::Csv => Ok(segment_csv(segment)),
        });
        Ok(Some((lines.collect::<Result<_, _>>()?, page.next)))
    })
}

/// The lines of a page, and where the next one begins.
type Lines = (Vec<String>, Option<Position>);

/// Hands on the lines of all pages; what was let go meanwhile (a page that is `None`) is no longer there to be told.
fn pages(
    head: Option<String>,
    mut line: impl FnMut(&str) -> io::Result<()>,
    page: impl Fn(Option<&Position>) -> Result<Option<Lines>, Told>,
) -> Result<(), Told> {
    if let Some(head) = head {
        line(head.trim_end())?;
    }
    let mut after = None;
    loop {
        let Some((lines, next)) = page(after.as_ref())? else { return Ok(()) };
        for text in &lines {
            line(text.trim_end_matches('\n'))?;
        }
        after = next;
        if after.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_becomes_a_query() {
        let wanted = Selection {
            sources: Some(vec!["a&b".into(), "c".into()]),
            types: Some(vec!["genre.changed".into()]),
            from: Some("2026-01-01T12:00:00Z".parse().expect("a time")),
            to: None,
        };
        assert_eq!(
            path(What::Events, &wanted, Form::Csv),
            "/v1/history?format=csv&sources=a%26b,c&types=genre%2Echanged&from=2026%2D01%2D01T12%3A00%3A00Z"
        );
        assert!(!path(What::Segments, &wanted, Form::Lines).contains("types"));
    }
}
