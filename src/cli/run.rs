//! `genrecast run`. Touch it when the daemon is to be told something new at its start.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use genrecast::daemon::{self, Settings, Signals};
use genrecast::event::ModelInfo;
use genrecast::server::ServerSettings;

use super::exit::Failure;
use super::flags::DaemonFlags;
use super::reread::Rereader;
use super::{CommonArguments, log, setup, sources};

#[derive(Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    common: CommonArguments,
    #[command(flatten)]
    flags: DaemonFlags,
}

pub(super) fn run(arguments: &RunArguments) -> Result<ExitCode, Failure> {
    let loaded = setup::configuration(&arguments.common, arguments.flags.keys())?;
    let config = &loaded.config;
    // What is wrong with the sources is told before the daemon begins to talk.
    let sources = sources::sources(&loaded)?;
    sources::playable(&sources)?;
    sources::hearable(&sources, &setup::catalogue(config))?;
    let log = log::start(&config.log)?;
    loaded.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    match &loaded.file {
        Some(path) => tracing::info!(path = %path.display(), "configuration"),
        None => tracing::info!("configuration: the compiled-in default"),
    }
    let signals = Signals::install_with_reload()?;
    let settings = Settings {
        model: setup::model(config)?,
        gate: setup::gate(config)?,
        runtime: setup::runtime(config)?,
        catalogue: setup::catalogue(config),
        history: setup::history(config, arguments.flags.state_dir.as_deref()),
        state_folder: setup::state_folder(arguments.flags.state_dir.as_deref()),
        uploads_at_once: config.upload.at_once,
        adjustable: setup::adjustable(config, sources)?,
        server: ServerSettings::new(config.server.listen),
    };
    if let Some(note) = settings.runtime.note() {
        tracing::info!("{note}");
    }
    let scheme = if config.server.certificate.is_some() { "https" } else { "http" };
    let on_listening = |address: SocketAddr, model: &ModelInfo| {
        tracing::info!(model = model.id, runtime = model.runtime, device = model.device, "model ready");
        tracing::info!("listening on {scheme}://{address}");
    };
    let mut rereader = Rereader::new(&arguments.common, arguments.flags.keys(), loaded, log);
    let ended = daemon::run(settings, &signals, on_listening, &mut |running| rereader.read(running));
    let ended = ended.map_err(Failure::from);
    if daemon::threads_are_left() {
        signal_hook::low_level::exit(ended.map_or_else(Failure::told, |()| 0));
    }
    ended.map(|()| ExitCode::SUCCESS)
}
