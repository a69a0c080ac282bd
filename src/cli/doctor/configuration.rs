//! The configuration in force, where each value comes from, tokens and sources. Touch it when these have more to tell.

use genrecast::config::Loaded;
use genrecast::source::{SourceSpec, SourceUri};

use super::report::Report;
use super::secrets::{Secrets, shown};
use crate::cli::{setup, sources};

pub(super) fn look(report: &mut Report, loaded: &Loaded, secrets: &Secrets) {
    let file = loaded.file.as_ref().map(|path| path.display().to_string());
    report.tell("configuration", "file", file.unwrap_or_else(|| "none: the compiled-in default".into()));
    for setting in loaded.settings() {
        let origin = setting.origin.as_deref().unwrap_or("default");
        report.tell("configuration", setting.key.clone(), format!("{} ({origin})", shown(setting)));
    }
    for warning in &loaded.warnings {
        report.note(
            "configuration",
            secrets.hide(warning),
            "spell the variable as config.toml spells the key",
        );
    }
    tokens(report, loaded);
    for spec in &loaded.sources {
        source(report, loaded, spec);
    }
    if loaded.sources.is_empty() {
        let remedy = "give --source URI, or a [[source]] in the configuration";
        report.bad("source", "none is configured", remedy);
    }
}

fn tokens(report: &mut Report, loaded: &Loaded) {
    match setup::tokens(&loaded.config) {
        Ok(None) => report.tell("configuration", "tokens", "none is asked for"),
        Ok(Some(file)) => {
            // Names and scopes.
            report.tell("configuration", "tokens", file.tokens.to_string());
            if let Some(warning) = file.warning {
                report.note("token", warning, "chmod 600 makes it readable for its owner only");
            }
        }
        Err(failure) => {
            report.bad("token", failure.to_string(), "mend the file, or leave server.token_file out");
        }
    }
}

fn source(report: &mut Report, loaded: &Loaded, spec: &SourceSpec) {
    // Arguments of a program may be anybody's secrets.
    let uri = match &spec.uri {
        SourceUri::Exec { .. } => {
            let uri = spec.uri.to_string();
            let program = uri.split_whitespace().next().unwrap_or_default().to_owned();
            format!("{program} and its arguments, which are not shown")
        }
        other => other.to_string(),
    };
    let model = spec.model.as_ref().map_or_else(String::new, |model| format!(", heard by {model}"));
    report.tell("sources", spec.name.clone(), format!("{uri}{model}"));
    let one = std::slice::from_ref(spec);
    let catalogue = setup::catalogue(&loaded.config);
    if let Err(failure) = sources::playable(one).and_then(|()| sources::hearable(one, &catalogue)) {
        let what = format!("{}: {failure}", spec.name);
        report.bad("source", what, "correct its lines in the configuration, or what they name");
    }
}
