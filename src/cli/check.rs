//! `genrecast check`: everything that could keep the daemon from working, and how to mend it.
//! Touch it when something new can be wrong.

use std::fmt::Display;
use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use console::style;
use genrecast::config::{Config, Loaded};
use genrecast::history::{FILE_NAME, HistoryError, Reader};
use genrecast::model::{Model, Runtime, list_models};
use genrecast::pipeline::self_test;
use genrecast::source::{SourceError, SourceUri};

use super::exit::{Failure, Status};
use super::flags::DaemonFlags;
use super::{CommonArguments, setup, sources};

#[derive(Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    common: CommonArguments,
    #[command(flatten)]
    flags: DaemonFlags,
}

/// The lines so far, and the first failure's status.
#[derive(Default)]
struct Findings {
    failed: Option<Status>,
}

/// Prints a line. A reader that has gone away changes nothing about the findings.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

impl Findings {
    fn good(&self, what: &str, detail: impl Display) {
        line(&format!("{} {what}: {detail}", style("ok  ").green()));
    }

    fn note(&self, what: &str, detail: impl Display) {
        line(&format!("{} {what}: {detail}", style("note").yellow()));
    }

    fn bad(&mut self, what: &str, failure: &Failure) {
        line(&format!("{} {what}: {failure}", style("BAD ").red().bold()));
        self.failed.get_or_insert(failure.status);
    }
}

pub(super) fn run(arguments: &CheckArguments) -> Result<ExitCode, Failure> {
    let mut findings = Findings::default();
    match setup::configuration(&arguments.common, arguments.flags.keys()) {
        Ok(loaded) => {
            match &loaded.file {
                Some(path) => findings.good("configuration", path.display()),
                None => findings.good("configuration", "the compiled-in default"),
            }
            loaded.warnings.iter().for_each(|warning| findings.note("configuration", warning));
            check_model(&mut findings, &loaded.config);
            check_sources(&mut findings, &loaded);
            check_address(&mut findings, &loaded.config);
            check_tokens(&mut findings, &loaded.config);
            check_tls(&mut findings, &loaded.config);
            check_deliveries(&mut findings, &loaded.config);
            check_upload(&findings, &loaded.config);
            check_history(&mut findings, &loaded.config, arguments.flags.state_dir.as_deref());
        }
        Err(failure) => findings.bad("configuration", &failure),
    }
    Ok(findings.failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn check_tokens(findings: &mut Findings, config: &Config) {
    match setup::tokens(config) {
        Ok(None) => findings.good("token", "none is asked for"),
        Ok(Some(file)) => {
            findings.good("token", format!("asked for; they open: {}", file.tokens));
            file.warning.iter().for_each(|warning| findings.note("token", warning));
        }
        Err(failure) => findings.bad("token", &failure),
    }
}

fn check_tls(findings: &mut Findings, config: &Config) {
    match setup::identity(config) {
        Ok(None) => findings.good("tls", "not spoken: there is no server.certificate"),
        Ok(Some(identity)) => {
            findings.good("tls", &identity);
            identity.warning(jiff::Timestamp::now()).iter().for_each(|warning| findings.note("tls", warning));
        }
        Err(failure) => findings.bad("tls", &failure),
    }
}

fn check_model(findings: &mut Findings, config: &Config) {
    let in_use = |id: &str| id == config.model.id || Some(id) == config.gate.model();
    for id in list_models(&setup::places(config)) {
        let folder = genrecast::model::find_model(&id, &setup::places(config));
        match folder.and_then(|folder| Model::load(&folder)) {
            Ok(model) => {
                let used = if in_use(&id) { " (in use)" } else { "" };
                let hash = model.sha256.get(..12).unwrap_or_default();
                findings.good("model", format!("{id}{used}, hashes and shapes as in its manifest, {hash}…"));
            }
            // Only models in use keep the daemon from working; they are told below.
            Err(error) if !in_use(&id) => findings.note("model", error),
            Err(_) => {}
        }
    }
    let models = setup::model(config).map(|model| (model, "self-test"));
    let gate = setup::gate(config).map(|gate| gate.map(|gate| (gate, "gate")));
    let (models, runtime) = match (models, gate, setup::runtime(config)) {
        (Ok(model), Ok(gate), Ok(runtime)) => ([Some(model), gate], runtime),
        (model, gate, runtime) => {
            if let Err(failure) = model {
                findings.bad("model", &failure);
            }
            if let Err(failure) = gate {
                findings.bad("gate", &failure);
            }
            if let Err(failure) = runtime {
                findings.bad("runtime", &failure);
            }
            return;
        }
    };
    match runtime.library() {
        Some(library) => findings.good("runtime", format!("onnxruntime, {}", library.display())),
        None => findings.good("runtime", runtime.name()),
    }
    findings.good("device", runtime.device());
    if let Some(note) = runtime.note() {
        findings.note("runtime", note);
    }
    for (model, what) in models.iter().flatten() {
        prove(findings, model, what, &runtime);
    }
    if config.gate.model().is_none() {
        findings.note("gate", "off (gate.model): talk and noise count as music");
    }
}

fn prove(findings: &mut Findings, model: &Model, what: &str, runtime: &Runtime) {
    let id = &model.manifest.id;
    let proof = model
        .classifier(runtime)
        .and_then(|mut classifier| self_test(model, &mut *classifier, runtime))
        .map_err(Failure::from);
    match proof {
        Ok(difference) => findings.good(
            what,
            format!(
                "the golden window of {id} gives the recorded answer (largest difference {difference:.1e})"
            ),
        ),
        Err(failure) => findings.bad(what, &failure),
    }
}

fn check_sources(findings: &mut Findings, loaded: &Loaded) {
    let specs = match sources::sources(loaded) {
        Ok(specs) => specs,
        Err(failure) => return findings.bad("sources", &failure),
    };
    let catalogue = setup::catalogue(&loaded.config);
    for spec in specs {
        let one = std::slice::from_ref(&spec);
        if let Err(failure) = sources::playable(one).and_then(|()| sources::hearable(one, &catalogue)) {
            findings.bad("source", &failure);
            continue;
        }
        let SourceUri::Microphone { device, .. } = &spec.uri else {
            let model = spec.model.as_ref().map_or_else(String::new, |id| format!(", heard by {id}"));
            findings.good("source", format!("{} ({}){model}", spec.name, spec.uri));
            continue;
        };
        match genrecast::source::microphone(device.as_deref(), spec.uri.mixdown()) {
            Ok(found) => findings.good("source", format!("{} ({}) is {found}", spec.name, spec.uri)),
            // Which of several is meant will not settle itself; any other microphone is waited for.
            Err(error @ SourceError::AmbiguousDevice { .. }) => findings.bad("source", &Failure::from(error)),
            Err(error) => findings.note(
                "source",
                format!(
                    "{} ({}): {}; the daemon would wait for it. To play something else: genrecast run --source file:PATH",
                    spec.name,
                    spec.uri,
                    error.to_string().trim_end_matches('.')
                ),
            ),
        }
    }
}

/// Whatever is wrong with the history keeps the daemon from nothing else, so it is noted only.
fn check_history(findings: &mut Findings, config: &Config, state_dir: Option<&Path>) {
    let folder = match setup::history(config, state_dir) {
        Ok(folder) => folder,
        Err(why) => return findings.note("history", format!("none is recorded: {why}")),
    };
    match Reader::open(&folder) {
        Ok(_) => findings.good("history", folder.join(FILE_NAME).display()),
        Err(HistoryError::Absent(_)) => {
            findings.good("history", format!("none yet; it would be begun in {}", folder.display()));
        }
        Err(error) => findings.note("history", format!("{}: {error}; {}", folder.display(), error.remedy())),
    }
}

/// Whether a broker or a server answers is not asked: events wait for them.
fn check_deliveries(findings: &mut Findings, config: &Config) {
    let settings = match setup::deliveries(config) {
        Ok(settings) => settings,
        Err(failure) => return findings.bad("deliveries", &failure),
    };
    if let Some(mqtt) = &settings.mqtt {
        let who = mqtt.username.as_deref().unwrap_or("nobody in particular");
        findings.good("mqtt", format!("events go to {} as {who}, below {}/", mqtt.broker, mqtt.prefix));
    }
    for hook in &settings.webhooks {
        let signed = if hook.secret.is_some() { "signed" } else { "not signed" };
        let types = hook.selection.types.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        findings.good("webhook", format!("{} is told of {types}; {signed}", hook.name));
    }
}

fn check_upload(findings: &Findings, config: &Config) {
    let upload = &config.upload;
    if !upload.enabled {
        return findings.note("upload", "off (upload.enabled): POST /v1/classify takes nothing");
    }
    let (at_once, waiting, bytes, seconds) =
        (upload.at_once, upload.waiting, upload.max_bytes >> 20, upload.max_seconds);
    findings.good(
        "upload",
        format!("{at_once} at once, {waiting} waiting, each of up to {bytes} MiB and {seconds} s of sound"),
    );
}

fn check_address(findings: &mut Findings, config: &Config) {
    let listen = config.server.listen;
    match TcpListener::bind(listen) {
        Ok(_) => findings.good("address", format!("{listen} is free")),
        Err(error) => {
            let error = anyhow::anyhow!(
                "cannot listen on {listen}: {error}; is a daemon running already? choose another server.listen"
            );
            findings.bad("address", &Failure::new(Status::Network, error));
        }
    }
}
