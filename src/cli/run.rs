//! `genrecast run`. Touch it when the daemon is to be told something new at its start.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::Args;
use genrecast::config::{Config, Flag};
use genrecast::daemon::{self, Settings, Signals};
use genrecast::hub::HubLimits;
use genrecast::server::ServerSettings;
use genrecast::source::{Decoder, SourceSpec, SourceUri};
use toml::{Table, Value};

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
    let loaded = setup::configuration(&arguments.common, flags(arguments))?;
    setup::log(&loaded.config)?;
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

/// Parses and names the sources. A file that cannot be played is told now rather than when somebody listens.
pub(super) fn sources(config: &Config) -> Result<Vec<SourceSpec>, Failure> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for source in &config.sources {
        let uri: SourceUri = source
            .uri
            .parse()
            .with_context(|| format!("source {:?}", source.uri))
            .map_err(|error| Failure::new(Status::Usage, error))?;
        if let SourceUri::File { path, mixdown, .. } = &uri {
            let name = path.display().to_string();
            Decoder::open_file(path, *mixdown).map_err(|error| Failure::of_source(&name, error))?;
        }
        let base = source.name.clone().unwrap_or_else(|| uri.default_name());
        let valid = !base.is_empty()
            && base.len() <= 64
            && base.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !valid {
            let error = anyhow!("source.name: expected 1 to 64 of A-Z a-z 0-9 - _ . , got {base:?}");
            return Err(Failure::new(Status::Usage, error));
        }
        let taken = |name: &str| specs.iter().any(|spec: &SourceSpec| spec.name == name);
        if taken(&base) && source.name.is_some() {
            let error = anyhow!("two sources are named {base:?}; give each its own name");
            return Err(Failure::new(Status::Usage, error));
        }
        // A name made from a URI gives way: the first free of a, a-2, a-3, …
        let numbered = (2..).map(|count| format!("{base}-{count}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base);
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

#[cfg(test)]
mod tests {
    use genrecast::config::SourceConfig;

    use super::*;

    #[test]
    fn names_made_from_uris_are_counted_until_one_is_free() {
        let place = temp_dir::TempDir::new().expect("a folder");
        for name in ["a.wav", "a-2.wav"] {
            std::fs::copy("tests/fixtures/audio/mono.wav", place.path().join(name)).expect("copied");
        }
        let mut config: Config = toml::from_str(genrecast::config::SHIPPED).expect("valid");
        let one = config.sources[0].clone();
        let file = |name: &str| format!("file:{}", place.path().join(name).display());
        let uris = [file("a.wav"), file("a.wav"), file("a-2.wav"), file("a.wav"), "mic:".into()];
        config.sources = uris.map(|uri| SourceConfig { name: None, uri, ..one.clone() }).into();
        let Ok(specs) = sources(&config) else { panic!("refused") };
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["a", "a-2", "a-2-2", "a-3", "mic"]);
        for source in &mut config.sources[..2] {
            source.name = Some("twins".into());
        }
        assert!(sources(&config).is_err_and(|failure| failure.to_string().contains("\"twins\"")));
    }
}
