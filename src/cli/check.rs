//! `genrecast check`: everything that could keep the daemon from working, and how to mend it.
//! Touch it when something new can be wrong.

use std::fmt::Display;
use std::io::Write;
use std::net::TcpListener;
use std::process::ExitCode;

use clap::Args;
use console::style;
use genrecast::config::{Config, Loaded};
use genrecast::model::{Model, list_models};
use genrecast::pipeline::self_test;
use genrecast::source::SourceUri;

use super::exit::{Failure, Status};
use super::{CommonArguments, setup, sources};

#[derive(Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    common: CommonArguments,
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
    match setup::configuration(&arguments.common, Vec::new()) {
        Ok(loaded) => {
            match &loaded.file {
                Some(path) => findings.good("configuration", path.display()),
                None => findings.good("configuration", "the compiled-in default"),
            }
            check_model(&mut findings, &loaded.config);
            check_sources(&mut findings, &loaded);
            check_address(&mut findings, &loaded.config);
        }
        Err(failure) => findings.bad("configuration", &failure),
    }
    Ok(findings.failed.map_or(ExitCode::SUCCESS, ExitCode::from))
}

fn check_model(findings: &mut Findings, config: &Config) {
    for id in list_models(&setup::places(config)) {
        let folder = genrecast::model::find_model(&id, &setup::places(config));
        match folder.and_then(|folder| Model::load(&folder)) {
            Ok(model) => {
                let used = if id == config.model.id { " (in use)" } else { "" };
                let hash = model.sha256.get(..12).unwrap_or_default();
                findings.good("model", format!("{id}{used}, hashes and shapes as in its manifest, {hash}…"));
            }
            // Only the model in use keeps the daemon from working; it is told below.
            Err(error) if id != config.model.id => findings.note("model", error),
            Err(_) => {}
        }
    }
    let (model, runtime) = match (setup::model(config), setup::runtime(config)) {
        (Ok(model), Ok(runtime)) => (model, runtime),
        (model, runtime) => {
            if let Err(failure) = model {
                findings.bad("model", &failure);
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
        let faster = if runtime.library().is_none() { "; faster with it: tools/get-onnxruntime" } else { "" };
        findings.note("runtime", format!("{note}{faster}"));
    }
    let proof = model
        .classifier(&runtime)
        .and_then(|mut classifier| self_test(&model, &mut *classifier, &runtime))
        .map_err(Failure::from);
    match proof {
        Ok(difference) => findings.good(
            "self-test",
            format!("the golden window gives the recorded answer (largest difference {difference:.1e})"),
        ),
        Err(failure) => findings.bad("self-test", &failure),
    }
}

fn check_sources(findings: &mut Findings, loaded: &Loaded) {
    let specs = match sources::sources(loaded).and_then(|specs| sources::playable(&specs).map(|()| specs)) {
        Ok(specs) => specs,
        Err(failure) => return findings.bad("sources", &failure),
    };
    for spec in specs {
        let SourceUri::Microphone { device, .. } = &spec.uri else {
            findings.good("source", format!("{} ({})", spec.name, spec.uri));
            continue;
        };
        match genrecast::source::microphone(device.as_deref(), spec.uri.mixdown()).map_err(Failure::from) {
            Ok(found) => findings.good("source", format!("{} ({}) is {found}", spec.name, spec.uri)),
            Err(failure) => findings.bad("source", &failure),
        }
    }
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
