//! What has changed between two configurations, key by key, and which of it can take effect without a restart.
//! Touch it when another key can be applied while the daemon runs. Sources are compared by whoever runs them.

use std::collections::BTreeMap;

use toml::{Table, Value};

/// Keys, or whole sections, whose new values a running daemon takes over.
const LIVE: [&str; 25] = [
    "decide",
    "events",
    "gate.music_log_odds",
    "gate.smoothing_seconds",
    "history.keep_bytes",
    "history.keep_days",
    "log.level",
    "mqtt",
    "server.allow_origins",
    "server.certificate",
    "server.heartbeat_seconds",
    "server.hsts_seconds",
    "server.max_clients",
    "server.max_connections",
    "server.max_connections_per_address",
    "server.private_key",
    "server.public_url",
    "server.token_file",
    "server.trusted_proxies",
    "upload.enabled",
    "upload.idle_seconds",
    "upload.max_bytes",
    "upload.max_seconds",
    "upload.timeout_seconds",
    "upload.waiting",
];

/// A key whose value is another now.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `SECTION.KEY`.
    pub key: String,
    /// The old value and the new one, as the file has them; a key that is not set is `unset`.
    pub values: (String, String),
    /// Whether a running daemon takes it over; else it needs a restart.
    pub live: bool,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (old, new) = &self.values;
        write!(f, "{}: {old} → {new}", self.key)
    }
}

/// Every key but those of sources whose value differs, in the order of the alphabet.
pub(super) fn changes(old: &Table, new: &Table) -> Vec<Change> {
    let (old, new) = (flat(old), flat(new));
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    keys.into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key| {
            let shown = |table: &BTreeMap<String, &Value>| {
                table.get(key).map_or_else(|| "unset".to_owned(), ToString::to_string)
            };
            Change { key: key.clone(), values: (shown(&old), shown(&new)), live: is_live(key) }
        })
        .collect()
}

/// `old` with the values of `new` where a running daemon takes them over: what it runs by then.
pub(super) fn adopted(old: &Table, new: &Table) -> Table {
    let mut adopted = old.clone();
    for (section, values) in new {
        let Value::Table(values) = values else {
            // The lists of sources and of webhooks, which are taken over whole.
            adopted.insert(section.clone(), values.clone());
            continue;
        };
        if let Some(Value::Table(kept)) = adopted.get_mut(section) {
            kept.retain(|key, _| !is_live(&format!("{section}.{key}")));
            let live = values.iter().filter(|(key, _)| is_live(&format!("{section}.{key}")));
            kept.extend(live.map(|(key, value)| (key.clone(), value.clone())));
        }
    }
    adopted
}

fn is_live(key: &str) -> bool {
    LIVE.iter()
        .any(|live| key.strip_prefix(live).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')))
}

fn flat(table: &Table) -> BTreeMap<String, &Value> {
    let mut flat = BTreeMap::new();
    for (section, values) in table {
        if let Value::Table(values) = values {
            flat.extend(values.iter().map(|(key, value)| (format!("{section}.{key}"), value)));
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::super::{SHIPPED, layers::switched_on};
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().expect("TOML")
    }

    #[test]
    fn each_changed_key_is_told_with_both_values() {
        let old = table(
            "[server]\nlisten = \"a\"\nmax_clients = 3\n[decide]\nabstain_below = 0.5\n[[source]]\nuri = \"x\"",
        );
        let new = table("[server]\nlisten = \"b\"\nmax_clients = 4\n[decide]\n[[source]]\nuri = \"y\"");
        let told: Vec<_> =
            changes(&old, &new).iter().map(|change| (change.to_string(), change.live)).collect();
        assert_eq!(
            told,
            [
                ("decide.abstain_below: 0.5 → unset".to_owned(), true),
                ("server.listen: \"a\" → \"b\"".to_owned(), false),
                ("server.max_clients: 3 → 4".to_owned(), true),
            ]
        );
        let adopted = adopted(&old, &new);
        let left: Vec<_> = changes(&adopted, &new).into_iter().map(|change| change.key).collect();
        assert_eq!(left, ["server.listen"], "what waits for a restart is told again");
        assert_eq!(adopted["source"], new["source"]);
    }

    #[test]
    fn every_live_key_exists() {
        let known = table(&switched_on(SHIPPED));
        let keys = flat(&known);
        for live in LIVE {
            let found = known.contains_key(live) || keys.contains_key(live);
            assert!(found, "{live} is no key of config.toml");
        }
    }
}
