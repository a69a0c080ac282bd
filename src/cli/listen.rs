//! `genrecast listen`. Touch it when the client gets a flag.

use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use genrecast::client::{self, ClientError, DEFAULT_URL, ListenOptions, Output};
use genrecast::daemon::Signals;
use genrecast::event::EventBody;
use tokio::sync::watch;

use super::exit::{Failure, Status};
use super::token::TokenFlag;
use super::trust::TrustFlag;

#[derive(Args)]
pub(super) struct ListenArguments {
    /// Where the daemon is: ws://…, wss://…, http://…, https://…, HOST or HOST:PORT
    #[arg(default_value = DEFAULT_URL)]
    url: String,
    #[command(flatten)]
    token: TokenFlag,
    #[command(flatten)]
    trust: TrustFlag,
    /// Print JSON, one message a line, also on a terminal
    #[arg(long)]
    json: bool,
    /// Begin after this event instead of with the present state
    #[arg(long, value_name = "EPOCH:SEQ", value_parser = cursor)]
    since: Option<String>,
    /// Only this source; may be given several times
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// Only this type of event, such as genre.changed; may be given several times
    #[arg(long = "type", value_name = "TYPE", value_parser = PossibleValuesParser::new(EventBody::TYPES))]
    types: Vec<String>,
    /// How many genres a window shows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    top: Option<u64>,
    /// Wait for a daemon that does not answer yet
    #[arg(long)]
    wait: bool,
}

pub(super) fn run(arguments: ListenArguments) -> Result<ExitCode, Failure> {
    let ListenArguments { url, token, trust, json, since, sources, types, top, wait } = arguments;
    let top_k = top.map(|top| usize::try_from(top).unwrap_or(usize::MAX));
    let token = token.token().map_err(failure)?;
    let options = ListenOptions { url, since, sources, types, top_k, wait, token, ca_file: trust.file() };
    let signals = Signals::install()?;
    let (stop, stopped) = watch::channel(false);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ender = signals.ender();
    let client = std::thread::Builder::new().name("client".into()).spawn(move || {
        let result = runtime.block_on(client::run(options, Output::stdout(json), stopped));
        ender.end();
        result
    })?;
    signals.wait();
    stop.send_replace(true);
    match client.join() {
        Ok(result) => result.map(|_| ExitCode::SUCCESS).map_err(failure),
        Err(_) => Err(Failure::new(Status::Other, anyhow::anyhow!("the client panicked; please report it"))),
    }
}

fn cursor(text: &str) -> Result<String, String> {
    let known =
        text.split_once(':').is_some_and(|(epoch, seq)| !epoch.is_empty() && seq.parse::<u64>().is_ok());
    if known {
        return Ok(text.to_owned());
    }
    Err("expected EPOCH:SEQ, the epoch and seq of the last event that was seen, such as 01J9ZK3NDEKTSV4RRFFQ69G5FA:1842".into())
}

fn failure(error: ClientError) -> Failure {
    let status = match error {
        ClientError::Url { .. } | ClientError::Token { .. } | ClientError::Authority { .. } => Status::Usage,
        ClientError::Unreachable { .. } | ClientError::Refused { .. } => Status::Network,
        ClientError::Output(_) => Status::Other,
    };
    Failure::new(status, error)
}
