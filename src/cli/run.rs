//! `genrecast run`. Touch it when the daemon is to be told something new at its start.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use genrecast::config::{Config, Flag};
use genrecast::daemon::{self, Adjustable, Settings, Signals};
use genrecast::event::ModelInfo;
use genrecast::hub::HubLimits;
use genrecast::server::ServerSettings;
use genrecast::source::SourceSpec;
use toml::{Table, Value};

use super::exit::Failure;
use super::reread::Rereader;
use super::{CommonArguments, log, setup, sources};

#[derive(Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    common: CommonArguments,
    /// What to listen to, instead of the configured sources; may be given several times:
    /// mic:, mic:NAME, file:PATH?speed=S&loop=true, -
    #[arg(long = "source", value_name = "URI", allow_hyphen_values = true)]
    sources: Vec<String>,
    /// Address and port to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let loaded = setup::configuration(&arguments.common, flags(arguments))?;
    let log = log::start(&loaded.config.log)?;
    match &loaded.file {
        Some(path) => tracing::info!(path = %path.display(), "configuration"),
        None => tracing::info!("configuration: the compiled-in default"),
    }
    let config = &loaded.config;
    let sources = sources::sources(&loaded)?;
    sources::playable(&sources)?;
    let signals = Signals::install_with_reload()?;
    let settings = Settings {
        model: setup::model(config)?,
        runtime: setup::runtime(config)?,
        adjustable: adjustable(config, sources),
        server: ServerSettings::new(config.server.listen),
    };
    if let Some(note) = settings.runtime.note() {
        tracing::info!("{note}");
    }
    let on_listening = |address: SocketAddr, model: &ModelInfo| {
        tracing::info!(model = model.id, runtime = model.runtime, device = model.device, "model ready");
        tracing::info!("listening on http://{address}");
    };
    let mut rereader = Rereader::new(&arguments.common, flags(arguments), loaded, log);
    daemon::run(settings, &signals, on_listening, &mut |running| rereader.read(running))?;
    Ok(ExitCode::SUCCESS)
}

/// What can be changed while the daemon runs.
pub(super) fn adjustable(config: &Config, sources: Vec<SourceSpec>) -> Adjustable {
    Adjustable {
        sources,
        decide: setup::decide(config),
        hub: HubLimits { events: config.events.keep, bytes: config.events.keep_bytes },
        live: config.server.live(),
    }
}

fn flags(arguments: &RunArguments) -> Vec<Flag> {
    let listen = arguments.listen.map(|listen| Flag {
        name: "--listen",
        key: "server.listen",
        value: Value::String(listen.to_string()),
    });
    let one = |uri: &String| Value::Table(Table::from_iter([("uri".to_owned(), Value::from(uri.as_str()))]));
    let sources = (!arguments.sources.is_empty()).then(|| Flag {
        name: "--source",
        key: "source",
        value: Value::Array(arguments.sources.iter().map(one).collect()),
    });
    listen.into_iter().chain(sources).collect()
}
