//! The configured sources, parsed and named. Touch it when a source gets a key.

use super::SourceConfig;
use crate::source::{SourceSpec, SourceUri};

/// What is wrong with a source: its place in the list, the key, and why.
pub(super) type Fault = (usize, &'static str, String);

/// Parses and names them. What only the machine can tell, such as whether a file is there, is not looked at.
pub(super) fn specs(sources: &[SourceConfig]) -> Result<Vec<SourceSpec>, Fault> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let uri: SourceUri = source.uri.parse().map_err(|error| (index, "uri", format!("{error}")))?;
        let is_stdin = |uri: &SourceUri| matches!(uri, SourceUri::Stdin { .. });
        if is_stdin(&uri) && specs.iter().any(|spec| is_stdin(&spec.uri)) {
            return Err((index, "uri", "standard input can be one source only".into()));
        }
        if !(0.5..=60.0).contains(&source.ring_seconds) {
            let reason = format!("expected 0.5 to 60 seconds, got {}", source.ring_seconds);
            return Err((index, "ring_seconds", reason));
        }
        let name = name(source, &uri, &specs).map_err(|reason| (index, "name", reason))?;
        specs.push(SourceSpec { name, uri, ring_seconds: source.ring_seconds });
    }
    Ok(specs)
}

fn name(source: &SourceConfig, uri: &SourceUri, before: &[SourceSpec]) -> Result<String, String> {
    let base = source.name.clone().unwrap_or_else(|| uri.default_name());
    let valid = !base.is_empty()
        && base.len() <= 64
        && base.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !valid {
        return Err(format!("expected 1 to 64 of A-Z a-z 0-9 - _ . , got {base:?}"));
    }
    let taken = |name: &str| before.iter().any(|spec| spec.name == name);
    if taken(&base) && source.name.is_some() {
        return Err(format!("two sources are named {base:?}; give each its own name"));
    }
    // A name made from a URI gives way: the first free of a, a-2, a-3, …
    let numbered = (2..).map(|count| format!("{base}-{count}"));
    Ok(std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: Option<&str>, uri: &str) -> SourceConfig {
        SourceConfig { name: name.map(Into::into), uri: uri.into(), ring_seconds: 4.0 }
    }

    #[test]
    fn names_made_from_uris_are_counted_until_one_is_free() {
        let uris = ["file:a.wav", "file:a.wav", "file:a-2.wav", "file:a.wav", "mic:"];
        let specs = specs(&uris.map(|uri| source(None, uri))).expect("valid");
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["a", "a-2", "a-2-2", "a-3", "mic"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_key() {
        let fault = |second| {
            let (index, key, reason) = specs(&[source(Some("a"), "-"), second]).expect_err("wrong");
            assert_eq!(index, 1);
            format!("{key}: {reason}")
        };
        assert!(fault(source(Some("a"), "mic:")).contains("name: two sources are named \"a\""));
        assert!(fault(source(Some("b c"), "mic:")).contains("name: expected"));
        assert!(fault(source(None, "radio:x")).contains("uri: no kind of source begins like \"radio:x\""));
        assert!(fault(source(None, "-")).contains("one source only"));
        assert!(fault(SourceConfig { ring_seconds: 0.1, ..source(None, "mic:") }).contains("0.5 to 60"));
    }
}
