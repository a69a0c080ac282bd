//! Models, and the runtime that computes them. Touch it when there is another runtime.

use std::collections::BTreeSet;
use std::fs;

use genrecast::config::Loaded;
use genrecast::manifest::Role;
use genrecast::model::{Model, Runtime, find_model, list_models};
use genrecast::pipeline::self_test;

use super::report::Report;
use crate::cli::setup;

/// What to do about a model that is not what it should be.
const FETCH: &str =
    "fetch its folder again, or train it again (docs/BRING_YOUR_OWN_MODEL.md); `genrecast check` proves it";

pub(super) fn look(report: &mut Report, loaded: &Loaded) {
    let config = &loaded.config;
    let runtime = match setup::runtime(config) {
        Ok(runtime) => {
            tell_runtime(report, &runtime);
            Some(runtime)
        }
        Err(failure) => {
            let remedy = "tools/get-onnxruntime fetches its library; model.runtime = \"tract\" and model.device = \"cpu\" do without";
            report.bad("runtime", failure.to_string(), remedy);
            None
        }
    };
    let places = setup::places(config);
    let told: Vec<_> = places.iter().map(|place| place.display().to_string()).collect();
    report.tell("models", "looked for in", told.join(", "));
    let configured = [Some(config.model.id.as_str()), config.gate.model()];
    let of_sources = loaded.sources.iter().map(|source| source.model.as_deref());
    let in_use: BTreeSet<&str> = configured.into_iter().chain(of_sources).flatten().collect();
    let found = list_models(&places);
    for id in &in_use {
        if !found.iter().any(|found| found == id) {
            let remedy =
                "name one of those under models, or the folder they are in by --models or model.folder";
            report.bad("model", format!("{id} is configured and not there"), remedy);
        }
    }
    for id in found {
        let used = in_use.contains(id.as_str());
        let proved = find_model(&id, &places)
            .and_then(|folder| Model::load(&folder))
            .and_then(|model| prove(&model, runtime.as_ref()));
        let used_too = if used { ", in use" } else { "" };
        match proved {
            Ok(words) => report.tell("models", id, format!("{words}{used_too}")),
            Err(error) => {
                report.tell("models", id.clone(), format!("does not work{used_too}: {error}"));
                match used {
                    true => report.bad("model", format!("{id}: {error}"), FETCH),
                    false => report.note("model", format!("{id}: {error}; it is not in use"), FETCH),
                }
            }
        }
    }
    if config.gate.model().is_none() {
        let remedy = "gate.model = \"gate-speech-music\" tells them apart";
        report.note("gate", "it is off: talk and noise count as music", remedy);
    }
}

fn prove(model: &Model, runtime: Option<&Runtime>) -> Result<String, genrecast::model::ModelError> {
    let role = if model.manifest.role == Role::Gate { "a gate" } else { "of genres" };
    let hash = model.sha256.get(..12).unwrap_or_default();
    let Some(runtime) = runtime else {
        return Ok(format!("{role}, {hash}…, not proved, because there is no runtime"));
    };
    let difference = self_test(model, &mut *model.classifier(runtime)?, runtime)?;
    Ok(format!("{role}, {hash}…, proved (largest difference {difference:.1e})"))
}

fn tell_runtime(report: &mut Report, runtime: &Runtime) {
    report.tell("runtime", "in use", runtime.name());
    report.tell("runtime", "device", runtime.device());
    let library = runtime.library().map(|library| library.display().to_string());
    report.tell("runtime", "ONNX Runtime", library.unwrap_or_else(|| "not in use".into()));
    if let Some(note) = runtime.note() {
        report.note("runtime", note, "nothing, if that is fast enough; else tools/get-onnxruntime");
    }
    let driver = fs::read_to_string("/proc/driver/nvidia/version").unwrap_or_default();
    report.tell("runtime", "Nvidia driver", driver.lines().next().unwrap_or("none"));
}
