//! What several commands need first: configuration, model, runtime. Touch it when a flag overrides a key.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use genrecast::catalogue::Catalogue;
use genrecast::config::{self, Config, Flag, Loaded};
use genrecast::daemon::Adjustable;
use genrecast::deliver::{self, SecretFile};
use genrecast::history;
use genrecast::hub::HubLimits;
use genrecast::manifest::Role;
use genrecast::model::{Model, Runtime, RuntimeSettings, find_model, model_folders};
use genrecast::server::{Identity, LiveSettings, TokenFile};
use genrecast::source::SourceSpec;
use jiff::Timestamp;
use toml::Value;

use super::CommonArguments;
use super::exit::{Failure, Status};

/// Loads the configuration, under the flags that all these commands have and those of its own (`more`).
pub(super) fn configuration(arguments: &CommonArguments, more: Vec<Flag>) -> Result<Loaded, Failure> {
    configuration_from(arguments.config.as_deref(), arguments, more)
}

/// The same from this file, if any, instead of the one that the flags name.
pub(super) fn configuration_from(
    file: Option<&Path>,
    arguments: &CommonArguments,
    more: Vec<Flag>,
) -> Result<Loaded, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
    let common = [
        ("--model", "model.id", arguments.model.clone()),
        ("--models", "model.folder", arguments.models.clone()),
        ("--runtime", "model.runtime", arguments.runtime.map(typed)),
        ("--device", "model.device", arguments.device.map(typed)),
    ];
    let common = common
        .into_iter()
        .filter_map(|(name, key, value)| Some(Flag { name, key, value: Value::String(value?) }));
    Ok(config::load(file, variables, common.chain(more))?)
}

/// What was typed, which is also what the file would have.
fn typed(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// The places where models are looked for.
pub(super) fn places(config: &Config) -> Vec<PathBuf> {
    model_folders(config.model.folder.as_deref())
}

/// Loads the configured model.
pub(super) fn model(config: &Config) -> Result<Model, Failure> {
    Ok(Model::load(&find_model(&config.model.id, &places(config))?)?.of_role(Role::Genre)?)
}

/// Loads the model that tells music from what is none, unless that is switched off.
pub(super) fn gate(config: &Config) -> Result<Option<Model>, Failure> {
    let Some(id) = config.gate.model() else { return Ok(None) };
    let found = find_model(id, &places(config)).map_err(|error| {
        let error = anyhow::anyhow!("gate.model: {error}; \"off\" does without");
        Failure::new(Status::Model, error)
    })?;
    Ok(Some(Model::load(&found)?.of_role(Role::Gate)?))
}

/// Which models there are.
pub(super) fn catalogue(config: &Config) -> Catalogue {
    let gate = config.gate.model().map(str::to_owned);
    Catalogue::new(places(config), [config.model.id.clone()].into_iter().chain(gate).collect())
}

/// Starts the configured runtime.
pub(super) fn runtime(config: &Config) -> Result<Runtime, Failure> {
    let model = &config.model;
    Ok(Runtime::start(&RuntimeSettings {
        runtime: model.runtime,
        device: model.device,
        library: model.onnxruntime.clone(),
        threads: model.threads,
    })?)
}

/// The folder that the history is to lie in, or why there is none.
pub(super) fn history(config: &Config, state_dir: Option<&Path>) -> Result<PathBuf, String> {
    if !config.history.enabled {
        return Err("history.enabled is false".into());
    }
    state_folder(state_dir).ok_or_else(|| {
        "there is no folder of state, because HOME is not set; name one with --state-dir".into()
    })
}

/// The folder of state, if there can be one.
pub(super) fn state_folder(state_dir: Option<&Path>) -> Option<PathBuf> {
    config::state_folder(state_dir, |name| std::env::var_os(name))
}

/// What can be changed while the daemon runs.
pub(super) fn adjustable(config: &Config, sources: Vec<SourceSpec>) -> Result<Adjustable, Failure> {
    let tokens = tokens(config)?;
    if let Some(warning) = tokens.as_ref().and_then(|file| file.warning.as_ref()) {
        tracing::warn!("{warning}");
    }
    let tls = identity(config)?;
    if let Some(warning) = tls.as_ref().and_then(|tls| tls.warning(Timestamp::now())) {
        tracing::warn!("{warning}");
    }
    Ok(Adjustable {
        sources,
        decide: config.decisions(),
        history: history::Limits::new(config.history.keep_days, config.history.keep_bytes),
        hub: HubLimits { events: config.events.keep, bytes: config.events.keep_bytes },
        upload: config.upload.settings(),
        deliver: deliveries(config)?,
        live: LiveSettings { tokens: tokens.map(|file| file.tokens), tls, ..config.server.live() },
    })
}

/// The tokens that clients are asked for, if any.
pub(super) fn tokens(config: &Config) -> Result<Option<TokenFile>, Failure> {
    let file = config.server.token_file.as_deref().map(TokenFile::read).transpose();
    file.map_err(|error| Failure::new(Status::Usage, anyhow::anyhow!("server.token_file: {error}")))
}

/// The certificate that is shown over TLS, if any.
pub(super) fn identity(config: &Config) -> Result<Option<Identity>, Failure> {
    let (Some(certificate), Some(key)) = (&config.server.certificate, &config.server.private_key) else {
        return Ok(None);
    };
    let read = Identity::read(certificate, key);
    read.map(Some)
        .map_err(|error| Failure::new(Status::Usage, anyhow::anyhow!("server.certificate: {error}")))
}

/// Who is told of events, with their passwords and secrets.
pub(super) fn deliveries(config: &Config) -> Result<deliver::Settings, Failure> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let read = |key: &str, path: &Path| {
        let file = SecretFile::read(path, credentials.as_deref())
            .map_err(|error| Failure::new(Status::Usage, anyhow::anyhow!("{key}: {error}")))?;
        file.warning.iter().for_each(|warning| tracing::warn!("{warning}"));
        Ok::<_, Failure>(file.secret)
    };
    let mut settings = config.deliveries();
    if let Some(mqtt) = settings.mqtt.as_mut().filter(|mqtt| mqtt.username.is_some()) {
        let usual = Path::new("mqtt-password");
        let is_there = || credentials.as_ref().is_some_and(|folder| folder.join(usual).is_file());
        let path = config.mqtt.password_file.as_deref().or_else(|| is_there().then_some(usual));
        mqtt.password = path.map(|path| read("mqtt.password_file", path)).transpose()?;
    }
    for (webhook, written) in settings.webhooks.iter_mut().zip(&config.webhooks) {
        let path = written.secret_file.as_deref();
        webhook.secret = path.map(|path| read("webhook.secret_file", path)).transpose()?;
    }
    Ok(settings)
}
