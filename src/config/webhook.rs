//! `[[webhook]]`: web servers that are told of events. Touch it when a webhook gets a key.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::deliver::{Selection, WebhookSettings};
use crate::dial::Address;

/// `[[webhook]]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WebhookConfig {
    /// Name in the log and in `/healthz`; absent: made from the host.
    pub name: Option<String>,
    /// Where events are posted to.
    pub url: String,
    /// Types of events.
    #[serde(default = "default_types")]
    pub types: Vec<String>,
    /// Names of sources; absent: all.
    pub sources: Option<Vec<String>>,
    /// Windows whose best label is less probable are left out.
    #[serde(default)]
    pub min_p: f32,
    /// The file with the secret that deliveries are signed with.
    pub secret_file: Option<PathBuf>,
    /// Whose certificates the server's may be signed by.
    pub ca_file: Option<PathBuf>,
    /// Seconds that a delivery may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: f64,
    /// How often one that is refused is tried again.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Most events that wait.
    #[serde(default = "default_queue")]
    pub queue: usize,
}

fn default_types() -> Vec<String> {
    vec!["genre.changed".into(), "source.state".into()]
}

fn default_timeout() -> f64 {
    10.0
}

fn default_retries() -> u32 {
    8
}

fn default_queue() -> usize {
    1000
}

/// What is wrong with a webhook: its place in the list, the key, and why.
pub(super) type Fault = (usize, &'static str, String);

/// What the outputs are told, but for the secrets.
pub(super) fn settings(webhooks: &[WebhookConfig]) -> Result<Vec<WebhookSettings>, Fault> {
    let mut all: Vec<WebhookSettings> = Vec::new();
    for (index, webhook) in webhooks.iter().enumerate() {
        all.push(one(webhook, &all).map_err(|(key, reason)| (index, key, reason))?);
    }
    Ok(all)
}

fn one(
    webhook: &WebhookConfig,
    before: &[WebhookSettings],
) -> Result<WebhookSettings, (&'static str, String)> {
    let address = Address::parse(&webhook.url).map_err(|error| ("url", error.to_string()))?;
    let mut selection = Selection::of_types(&webhook.types).map_err(|reason| ("types", reason))?;
    if webhook.sources.as_ref().is_some_and(Vec::is_empty) {
        return Err(("sources", "expected names of sources; leave it out for all".into()));
    }
    selection.sources = webhook.sources.clone().map(|names| names.into_iter().collect());
    if !(0.0..=1.0).contains(&webhook.min_p) {
        return Err(("min_p", format!("expected 0 to 1, got {}", webhook.min_p)));
    }
    selection.min_p = webhook.min_p;
    if !(0.1..=300.0).contains(&webhook.timeout_seconds) {
        return Err((
            "timeout_seconds",
            format!("expected 0.1 to 300 seconds, got {}", webhook.timeout_seconds),
        ));
    }
    if webhook.retries > 1000 {
        return Err(("retries", format!("expected 0 to 1000, got {}", webhook.retries)));
    }
    if !(1..=1_000_000).contains(&webhook.queue) {
        return Err(("queue", format!("expected 1 to 1000000, got {}", webhook.queue)));
    }
    Ok(WebhookSettings {
        name: name(webhook, &address, before).map_err(|reason| ("name", reason))?,
        address,
        selection,
        secret: None,
        ca_file: webhook.ca_file.clone(),
        timeout: Duration::from_secs_f64(webhook.timeout_seconds),
        retries: webhook.retries,
        queue: webhook.queue,
    })
}

/// The one that is given, else the host, counted until it is free.
fn name(webhook: &WebhookConfig, address: &Address, before: &[WebhookSettings]) -> Result<String, String> {
    let taken = |name: &str| before.iter().any(|other| other.name == name);
    match &webhook.name {
        Some(name) if name.is_empty() || name.len() > 64 || name.chars().any(char::is_control) => {
            Err(format!("expected 1 to 64 characters, got {name:?}"))
        }
        Some(name) if taken(name) => Err(format!("two webhooks are named {name:?}; give each its own name")),
        Some(name) => Ok(name.clone()),
        None => {
            let host = address.host();
            let numbered = (2..).map(|count| format!("{host}-{count}"));
            Ok(std::iter::once(host.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhooks(text: &str) -> Result<Vec<WebhookSettings>, Fault> {
        #[derive(Deserialize)]
        struct File {
            webhook: Vec<WebhookConfig>,
        }
        settings(&toml::from_str::<File>(text).expect("TOML").webhook)
    }

    #[test]
    fn names_are_made_of_hosts_and_never_of_paths() {
        let url = "[[webhook]]\nurl = \"https://hooks.example/SECRET\"\n";
        let all = webhooks(&format!("{url}{url}{url}name = \"mine\"\n")).expect("sound");
        let names: Vec<_> = all.iter().map(|hook| hook.name.as_str()).collect();
        assert_eq!(names, ["hooks.example", "hooks.example-2", "mine"]);
        assert_eq!(all[0].selection.types.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_key() {
        for (line, key, says) in [
            ("types = [\"genre\"]", "types", "genre.changed"),
            ("sources = []", "sources", "leave it out"),
            ("min_p = 2.0", "min_p", "0 to 1"),
            ("timeout_seconds = 0.0", "timeout_seconds", "0.1 to 300"),
            ("retries = 9999", "retries", "0 to 1000"),
            ("queue = 0", "queue", "1 to 1000000"),
            ("name = \"\"", "name", "1 to 64"),
            ("name = \"a\"", "name", "two webhooks"),
        ] {
            let text = format!(
                "[[webhook]]\nurl = \"http://a/\"\nname = \"a\"\n[[webhook]]\nurl = \"http://a/\"\n{line}\n"
            );
            let (place, found, reason) = webhooks(&text).expect_err(line);
            assert_eq!((place, found), (1, key), "{reason}");
            assert!(reason.contains(says), "{reason}");
        }
        let (_, key, reason) =
            webhooks("[[webhook]]\nurl = \"ftp://me:hunter2@a/\"\n").expect_err("no web address");
        assert!(key == "url" && !reason.contains("hunter2"), "{reason}");
    }
}
