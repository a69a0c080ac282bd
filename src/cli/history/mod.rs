//! `genrecast history`: what was heard before, from a running daemon or from the file itself.
//! Touch it when the command gets a flag.

mod origin;
mod readable;

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum, ValueHint};
use genrecast::client::{ClientError, DEFAULT_URL, Endpoint};
use genrecast::event::EventBody;
use genrecast::history::{HistoryError, Selection, moment};
use jiff::Timestamp;

use super::exit::{Failure, Status};
use super::token::TokenFlag;
use super::trust::TrustFlag;
use origin::{Form, Origin, What};
use readable::Table;

#[derive(Args)]
pub(super) struct HistoryArguments {
    /// Where the daemon is: http://…, ws://…, HOST or HOST:PORT
    #[arg(default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    token: TokenFlag,
    #[command(flatten)]
    trust: TrustFlag,
    /// Read the history in this folder instead, whether or not a daemon runs
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "url")]
    state_dir: Option<PathBuf>,
    /// Only this source; may be given several times
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// From this moment on: a time such as 2026-01-01T12:00:00Z, or how long ago, such as -90m, -12h or -7d
    #[arg(long, value_name = "TIME", default_value = "-24h", allow_hyphen_values = true, value_parser = time)]
    since: Timestamp,
    /// Up to this moment [default: now]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = time)]
    until: Option<Timestamp>,
    /// Only this type of event, such as genre.changed; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(EventBody::TYPES))]
    types: Vec<String>,
    /// table: segments and tracks, or the events of --type, for people; jsonl and csv: events for programs
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Jsonl,
    Csv,
}

fn time(text: &str) -> Result<Timestamp, String> {
    moment(text, Timestamp::now())
}

pub(super) fn run(arguments: &HistoryArguments) -> Result<ExitCode, Failure> {
    let some = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let wanted = Selection {
        sources: some(&arguments.sources),
        types: some(&arguments.types),
        from: Some(arguments.since),
        to: arguments.until,
    };
    let origin = match &arguments.state_dir {
        Some(folder) => Origin::folder(folder)?,
        None => {
            let at = Endpoint::parse(&arguments.url).map_err(failure)?.trusting(arguments.trust.file());
            Origin::daemon(at, arguments.token.token().map_err(failure)?)?
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let told = match arguments.format {
        Format::Jsonl => copy(&origin, &wanted, Form::Lines, &mut out),
        Format::Csv => copy(&origin, &wanted, Form::Csv, &mut out),
        Format::Table => table(&origin, &wanted, &mut out),
    };
    match told.and_then(|()| Ok(out.flush()?)) {
        Err(Told::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(Told::Output(error)) => Err(error.into()),
        Err(Told::Origin(failure)) => Err(failure),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}

/// Why nothing more was told.
enum Told {
    Output(io::Error),
    Origin(Failure),
}

impl From<io::Error> for Told {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<ClientError> for Told {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Output(error) => Self::Output(error),
            error => Self::Origin(failure(error)),
        }
    }
}

impl From<HistoryError> for Told {
    fn from(error: HistoryError) -> Self {
        Self::Origin(unreadable(error))
    }
}

fn copy(origin: &Origin, wanted: &Selection, form: Form, out: &mut impl Write) -> Result<(), Told> {
    origin.lines(What::Events, wanted, form, |line| writeln!(out, "{line}"))
}

fn table(origin: &Origin, wanted: &Selection, out: &mut impl Write) -> Result<(), Told> {
    let mut table = Table::new(jiff::tz::TimeZone::system(), console::colors_enabled());
    if wanted.types.is_some() {
        origin.lines(What::Events, wanted, Form::Lines, |line| table.event(line, out))?;
        return Ok(table.end(out)?);
    }
    origin.lines(What::Segments, wanted, Form::Lines, |line| table.segment(line, out))?;
    let tracks = Selection { types: Some(vec!["track.ended".into()]), ..wanted.clone() };
    origin.lines(What::Events, &tracks, Form::Lines, |line| table.track(line, out))?;
    Ok(table.end(out)?)
}

fn unreadable(error: HistoryError) -> Failure {
    let status = match error {
        HistoryError::Absent(_) | HistoryError::Folder { .. } | HistoryError::Denied(_) => Status::Unreadable,
        _ => Status::Other,
    };
    let remedy = error.remedy();
    Failure::new(status, anyhow::anyhow!("{error}; {remedy}"))
}

fn failure(error: ClientError) -> Failure {
    match error {
        ClientError::Url { .. } | ClientError::Token { .. } | ClientError::Authority { .. } => {
            Failure::new(Status::Usage, error)
        }
        ClientError::Unreachable { .. } => {
            let hint = "to read the file without a daemon: genrecast history --state-dir DIR";
            Failure::new(Status::Network, anyhow::anyhow!("{error}; {hint}"))
        }
        ClientError::Refused { .. } => Failure::new(Status::Network, error),
        ClientError::Output(_) => Failure::new(Status::Other, error),
    }
}
