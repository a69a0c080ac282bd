//! What must never stand in a report: tokens, passwords, and whatever looks like one. Touch it when there is another place
//! where a secret can stand. Two nets hang below each other: addresses lose what names a user wherever they stand, and
//! every secret that is known from the configuration, the environment or a file of tokens is taken out by its own text.

use std::collections::BTreeSet;
use std::path::Path;

use genrecast::config::{Loaded, Setting};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What is shown instead.
pub(super) const HIDDEN: &str = "(hidden)";

/// Parts of names whose values are nobody's business.
const SECRET: [&str; 9] = ["token", "pass", "pwd", "auth", "secret", "key", "sig", "session", "cookie"];

/// Shorter ones would take harmless words out of the report; in their place a user or a key hides them.
const SHORTEST: usize = 4;

/// Longest file that is looked through.
const MOST_BYTES: u64 = 1 << 20;

/// Secrets by their text.
#[derive(Default)]
pub(super) struct Secrets(BTreeSet<String>);

impl Secrets {
    pub fn of_environment() -> Self {
        let mut secrets = Self::default();
        for (name, value) in std::env::vars_os() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            if is_secret_variable(&name.to_uppercase()) {
                secrets.add(value);
            }
            secrets.add_text(value);
        }
        if let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY") {
            secrets.add_token_file(&Path::new(&folder).join("token"));
        }
        secrets
    }

    pub fn add_configuration(&mut self, loaded: &Loaded) {
        for setting in loaded.settings() {
            self.add_setting(&setting.key, &setting.value);
            if let ("webhook", toml::Value::Array(hooks)) = (setting.key.as_str(), &setting.value) {
                // Whoever knows the address of such a server can have it do things.
                hooks.iter().filter_map(|hook| hook.get("url")?.as_str()).for_each(|url| self.add(url));
            }
        }
        loaded.file.iter().for_each(|file| self.add_configuration_file(file));
    }

    fn add_setting(&mut self, key: &str, value: &toml::Value) {
        match value {
            toml::Value::String(text) => {
                if names_a_secret(key) {
                    self.add(text);
                } else if key.ends_with("_file") && is_secret(key) {
                    self.add_token_file(Path::new(text));
                }
                self.add_text(text);
            }
            toml::Value::Array(items) => {
                let words: Vec<&str> = items.iter().filter_map(toml::Value::as_str).collect();
                self.add_arguments(&words);
                items.iter().for_each(|item| self.add_setting(key, item));
            }
            toml::Value::Table(table) => table.iter().for_each(|(key, value)| self.add_setting(key, value)),
            _ => {}
        }
    }

    /// The text of a configuration, which may be none that can be read.
    pub fn add_configuration_file(&mut self, path: &Path) {
        for line in text_of(path).lines() {
            let line = line.trim_start().trim_start_matches('#');
            if let Some((key, value)) = line.split_once('=')
                && names_a_secret(key.trim())
                && let Some(text) = value.trim().strip_prefix(['"', '\''])
            {
                self.add(text.split(['"', '\'']).next().unwrap_or(text));
            }
            self.add_text(line);
        }
    }

    /// Every token of a file of them.
    pub fn add_token_file(&mut self, path: &Path) {
        for line in text_of(path).lines() {
            if let Some(token) = line.split_whitespace().last() {
                self.add(token);
            }
        }
    }

    /// What addresses and commands within a text hold.
    pub fn add_text(&mut self, text: &str) {
        for (_, after) in text.match_indices("://").map(|(at, _)| text.split_at(at + 3)) {
            let (authority, _) = split_authority(after);
            if let Some((user, _)) = authority.rsplit_once('@') {
                self.add(user.split_once(':').map_or(user, |(_, password)| password));
            }
        }
        for pair in text.split(|letter: char| letter.is_whitespace() || "?&#;\"'".contains(letter)) {
            if let Some((key, value)) = pair.split_once('=')
                && is_secret(key)
            {
                self.add(value);
            }
        }
        let words = shlex::split(text).unwrap_or_default();
        self.add_arguments(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// `--password WORD`, and `Authorization: …` of a header.
    fn add_arguments(&mut self, words: &[&str]) {
        for pair in words.windows(2) {
            if pair[0].starts_with('-') && is_secret(pair[0]) {
                self.add(pair[1].trim_end_matches([',', ']']));
            }
        }
        for word in words {
            if let Some((name, value)) = word.split_once(':')
                && is_secret(name)
                && !value.starts_with("//")
            {
                value.split_whitespace().for_each(|part| self.add(part));
            }
        }
    }

    fn add(&mut self, secret: &str) {
        let decoded = percent_decode_str(secret).decode_utf8_lossy();
        for text in [secret, &*decoded] {
            if text.len() >= SHORTEST {
                self.0.insert(text.to_owned());
            }
        }
    }

    /// The text without any of them.
    pub fn hide(&self, text: &str) -> String {
        let mut shown = without_users(text);
        // The longer first: one may be a part of another.
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        for secret in secrets {
            if shown.contains(secret.as_str()) {
                shown = shown.replace(secret.as_str(), HIDDEN);
            }
        }
        shown
    }

    /// The same in every text of a value, names of fields included.
    pub fn hide_in(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.hide(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide_in(item)),
            Value::Object(fields) => {
                let hidden = std::mem::take(fields).into_iter().map(|(key, mut value)| {
                    self.hide_in(&mut value);
                    (self.hide(&key), value)
                });
                *fields = hidden.collect();
            }
            _ => {}
        }
    }
}

/// A value of the configuration as it may be shown.
pub(super) fn shown(setting: &Setting) -> String {
    match &setting.value {
        toml::Value::String(_) if names_a_secret(&setting.key) => HIDDEN.into(),
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            format!("{} of them, whose keys are not shown", items.len())
        }
        other => other.to_string(),
    }
}

/// Whether the value of such a key is one, and not the place of a file that has it.
fn names_a_secret(key: &str) -> bool {
    is_secret(key.rsplit('.').next().unwrap_or(key)) && !key.ends_with("_file")
}

/// Whether a variable of the environment holds one. `PWD` and those of a session hold none.
fn is_secret_variable(name: &str) -> bool {
    let parts = ["TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "COOKIE", "CREDENTIAL", "APIKEY"];
    let ends = ["_KEY", "_PASS", "_PWD", "_AUTH"];
    let places = ["_FILE", "_DIRECTORY", "_DIR", "_PATH", "_SOCK"];
    let secret = parts.iter().any(|part| name.contains(part)) || ends.iter().any(|end| name.ends_with(end));
    secret && !places.iter().any(|end| name.ends_with(end))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|part| name.contains(part))
}

fn text_of(path: &Path) -> String {
    let small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MOST_BYTES);
    small
        .then(|| std::fs::read(path).ok())
        .flatten()
        .map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Host and user of an address, and what follows.
fn split_authority(address: &str) -> (&str, &str) {
    let end = address.find(|letter: char| letter.is_whitespace() || "/?#\"'".contains(letter));
    address.split_at(end.unwrap_or(address.len()))
}

/// The text without the user and password of any address in it.
fn without_users(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown += before;
        shown += "://";
        let (authority, _) = split_authority(after);
        rest = match authority.rfind('@') {
            Some(at) => {
                shown += HIDDEN;
                &after[at..]
            }
            None => after,
        };
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_looks_like_a_secret_is_known() {
        let mut secrets = Secrets::default();
        secrets.add_text("https://me:s%40fe-pass@host/a?token=tok-in-query&x=1#apikey=key-behind");
        secrets
            .add_text("exec:ffmpeg -headers 'Authorization: Bearer bear-er-word' --password arg-word -i x");
        let key = |key: &str, value: &str| Setting { key: key.into(), value: value.into(), origin: None };
        secrets.add_setting("mqtt.password", &"mqtt-word".into());
        let hidden = secrets
            .hide("s%40fe-pass s@fe-pass tok-in-query key-behind bear-er-word arg-word mqtt-word ffmpeg");
        assert_eq!(hidden, format!("{} ffmpeg", [HIDDEN; 7].join(" ")));
        assert_eq!(shown(&key("mqtt.password", "x")), HIDDEN);
        assert_eq!(shown(&key("server.token_file", "/etc/token")), "\"/etc/token\"");
        let plain = Setting { key: "server.allow_unauthenticated".into(), value: false.into(), origin: None };
        assert_eq!(shown(&plain), "false");
    }

    #[test]
    fn an_address_loses_its_user_even_if_nobody_knew_of_it() {
        let secrets = Secrets::default();
        for (text, expected) in [
            ("cannot open http://u:p@host/x", "cannot open http://(hidden)@host/x"),
            ("rtsp://a@b:c@cam and ftp://d@e", "rtsp://(hidden)@cam and ftp://(hidden)@e"),
            ("http://host/a@b", "http://host/a@b"),
            ("://@", "://(hidden)@"),
        ] {
            assert_eq!(secrets.hide(text), expected);
        }
    }
}
