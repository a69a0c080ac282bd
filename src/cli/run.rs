//! `genrecast run`. Touch it when the daemon is to be told something new at its start.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use genrecast::config::{Config, SourceConfig};
use genrecast::daemon::{self, Settings, Signals};
use genrecast::hub::HubLimits;
use genrecast::server::ServerSettings;
use genrecast::source::{Decoder, SourceSpec, SourceUri};

use super::exit::{Failure, Status};
use super::{CommonArguments, setup};

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
    let mut loaded = setup::configuration(&arguments.common)?;
    let config = &mut loaded.config;
    if let Some(listen) = arguments.listen {
        if !listen.ip().is_loopback() && !config.server.allow_unauthenticated {
            let error = anyhow!(
                "--listen {listen} is reachable from other machines; set GENRECAST_SERVER__ALLOW_UNAUTHENTICATED=true if that is wanted, or listen on 127.0.0.1"
            );
            return Err(Failure::new(Status::Usage, error));
        }
        config.server.listen = listen;
    }
    if !arguments.sources.is_empty() {
        config.sources = arguments.sources.iter().map(|uri| from_flag(uri)).collect();
    }
    setup::log(config)?;
    match &loaded.file {
        Some(path) => tracing::info!(path = %path.display(), "configuration"),
        None => tracing::info!("configuration: the compiled-in default"),
    }
    let sources = sources(&loaded.config)?;
    let config = &loaded.config;
    let signals = Signals::install()?;
    let settings = Settings {
        sources,
        model: setup::model(config)?,
        runtime: setup::runtime(config)?,
        decide: setup::decide(config),
        hub: HubLimits { events: config.events.keep, bytes: config.events.keep_bytes },
        server: ServerSettings {
            public_url: config.server.public_url.clone(),
            max_clients: config.server.max_clients,
            heartbeat: Duration::from_secs(config.server.heartbeat_seconds),
            ..ServerSettings::new(config.server.listen)
        },
    };
    if let Some(note) = settings.runtime.note() {
        tracing::info!("{note}");
    }
    daemon::run(settings, &signals, |address, model| {
        tracing::info!(model = model.id, runtime = model.runtime, device = model.device, "model ready");
        tracing::info!("listening on http://{address}");
    })?;
    Ok(ExitCode::SUCCESS)
}

fn from_flag(uri: &str) -> SourceConfig {
    SourceConfig { name: None, uri: uri.to_owned(), ring_seconds: SourceConfig::DEFAULT_RING_SECONDS }
}

/// Parses and names the sources. A file that cannot be played is told now rather than when somebody listens.
pub(super) fn sources(config: &Config) -> Result<Vec<SourceSpec>, Failure> {
    let mut used: HashMap<String, usize> = HashMap::new();
    let mut specs = Vec::new();
    for source in &config.sources {
        let uri: SourceUri = source
            .uri
            .parse()
            .with_context(|| format!("source {:?}", source.uri))
            .map_err(|error| Failure::new(Status::Usage, error))?;
        if let SourceUri::File { path, .. } = &uri {
            let name = path.display().to_string();
            Decoder::open_file(path).map_err(|error| Failure::of_source(&name, error))?;
        }
        let base = source.name.clone().unwrap_or_else(|| uri.default_name());
        let valid = !base.is_empty()
            && base.len() <= 64
            && base.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !valid {
            let error = anyhow!("source.name: expected 1 to 64 of A-Z a-z 0-9 - _ . , got {base:?}");
            return Err(Failure::new(Status::Usage, error));
        }
        let count = used.entry(base.clone()).or_insert(0);
        *count += 1;
        if *count > 1 && source.name.is_some() {
            let error = anyhow!("two sources are named {base:?}; give each its own name");
            return Err(Failure::new(Status::Usage, error));
        }
        let name = if *count > 1 { format!("{base}-{count}") } else { base };
        specs.push(SourceSpec { name, uri, ring_seconds: source.ring_seconds });
    }
    if specs.is_empty() {
        let error =
            anyhow!("no source is configured; give --source URI or a [[source]] in the configuration");
        return Err(Failure::new(Status::Usage, error));
    }
    if specs.iter().filter(|spec| matches!(spec.uri, SourceUri::Stdin { .. })).count() > 1 {
        return Err(Failure::new(Status::Usage, anyhow!("standard input can be one source only")));
    }
    Ok(specs)
}
