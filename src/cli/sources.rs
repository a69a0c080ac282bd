//! The configured sources: parsed, named, and proved playable. Touch it when a source gets a key.

use anyhow::{Context, anyhow};
use genrecast::config::Config;
use genrecast::source::{Decoder, SourceSpec, SourceUri};

use super::exit::{Failure, Status};

/// Parses and names the configured sources.
pub(super) fn sources(config: &Config) -> Result<Vec<SourceSpec>, Failure> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for source in &config.sources {
        let uri: SourceUri = source
            .uri
            .parse()
            .with_context(|| format!("source {:?}", source.uri))
            .map_err(|error| Failure::new(Status::Usage, error))?;
        let base = source.name.clone().unwrap_or_else(|| uri.default_name());
        let valid = !base.is_empty()
            && base.len() <= 64
            && base.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
        if !valid {
            let error = anyhow!("source.name: expected 1 to 64 of A-Z a-z 0-9 - _ . , got {base:?}");
            return Err(Failure::new(Status::Usage, error));
        }
        let taken = |name: &str| specs.iter().any(|spec: &SourceSpec| spec.name == name);
        if taken(&base) && source.name.is_some() {
            let error = anyhow!("two sources are named {base:?}; give each its own name");
            return Err(Failure::new(Status::Usage, error));
        }
        // A name made from a URI gives way: the first free of a, a-2, a-3, …
        let numbered = (2..).map(|count| format!("{base}-{count}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base);
        specs.push(SourceSpec { name, uri, ring_seconds: source.ring_seconds });
    }
    if specs.is_empty() {
        let error =
            anyhow!("no source is configured; give --source URI or a [[source]] in the configuration");
        return Err(Failure::new(Status::Usage, error));
    }
    if specs.iter().filter(|spec| matches!(spec.uri, SourceUri::Stdin { .. })).count() > 1 {
        return Err(Failure::new(Status::Usage, anyhow!("standard input can be one source only")));
    }
    Ok(specs)
}

/// A file that cannot be played is told now rather than when somebody listens.
pub(super) fn playable<'a>(specs: impl IntoIterator<Item = &'a SourceSpec>) -> Result<(), Failure> {
    for spec in specs {
        if let SourceUri::File { path, .. } = &spec.uri {
            let name = path.display().to_string();
            Decoder::open_file(path).map_err(|error| Failure::of_source(&name, error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use genrecast::config::SourceConfig;

    use super::*;

    #[test]
    fn names_made_from_uris_are_counted_until_one_is_free() {
        let mut config: Config = toml::from_str(genrecast::config::SHIPPED).expect("valid");
        let one = config.sources[0].clone();
        let file = |name: &str| format!("file:{name}");
        let uris = [file("a.wav"), file("a.wav"), file("a-2.wav"), file("a.wav"), "mic:".into()];
        config.sources = uris.map(|uri| SourceConfig { name: None, uri, ..one.clone() }).into();
        let Ok(specs) = sources(&config) else { panic!("refused") };
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["a", "a-2", "a-2-2", "a-3", "mic"]);
        for source in &mut config.sources[..2] {
            source.name = Some("twins".into());
        }
        assert!(sources(&config).is_err_and(|failure| failure.to_string().contains("\"twins\"")));
    }
}
