//! Finding, layering and checking the configuration. Touch it when it is to be found elsewhere.

use std::path::{Path, PathBuf};

use toml::Table;

use super::layers::{Layer, environment, overlay};
use super::{Config, ConfigError, SHIPPED};

/// A configuration and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The file that was read; `None` if the compiled-in text stands alone.
    pub file: Option<PathBuf>,
}

/// Loads the configuration: the shipped text, over it the file, over that the environment.
/// `file` is the one of `--config`; without it the usual places are tried.
///
/// # Errors
/// [`ConfigError`] names file, line and key.
pub fn load(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Loaded, ConfigError> {
    let file = file.map(Path::to_owned).or_else(|| usual_places().into_iter().find(|path| path.is_file()));
    let mut layers = Vec::new();
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
        layers.push(Layer::from_file(&path.display().to_string(), text)?);
    }
    layers.push(environment(variables)?);
    let config = merge(&layers)?;
    Ok(Loaded { config, file })
}

fn usual_places() -> Vec<PathBuf> {
    let config_home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    config_home
        .map(|folder| folder.join("genrecast/config.toml"))
        .into_iter()
        .chain([PathBuf::from("/etc/genrecast/config.toml")])
        .collect()
}

fn merge(layers: &[Layer]) -> Result<Config, ConfigError> {
    let mut table: Table = SHIPPED.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        place: "the shipped config.toml".into(),
        reason: error.message().to_owned(),
    })?;
    for layer in layers {
        overlay(&mut table, &layer.table);
    }
    let config: Config = serde_path_to_error::deserialize(table).map_err(|error| {
        let path: Vec<String> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                serde_path_to_error::Segment::Map { key } => Some(key.clone()),
                _ => None,
            })
            .collect();
        value_error(layers, &path, error.inner().message().to_owned())
    })?;
    match config.fault() {
        None => Ok(config),
        Some((key, reason)) => {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            Err(value_error(layers, &path, reason))
        }
    }
}

/// Blames the uppermost layer that sets the key.
fn value_error(layers: &[Layer], path: &[String], reason: String) -> ConfigError {
    let sets = |layer: &&Layer| {
        let mut value = path.first().and_then(|key| layer.table.get(key));
        for key in path.iter().skip(1) {
            value = match value {
                Some(toml::Value::Table(table)) => table.get(key),
                other => other,
            };
        }
        value.is_some()
    };
    let place = layers.iter().rev().find(sets).map(|layer| layer.place_of(path));
    ConfigError::Value { place: place.unwrap_or_else(|| "configuration".into()), key: path.join("."), reason }
}

#[cfg(test)]
mod tests {
    use super::super::layers::switched_on;
    use super::*;

    fn from_text(text: &str) -> Result<Config, String> {
        let layer = Layer::from_file("test.toml", text.to_owned()).map_err(|error| error.to_string())?;
        merge(&[layer]).map_err(|error| error.to_string())
    }

    fn from_environment(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let layer = environment(variables).map_err(|error| error.to_string())?;
        merge(&[layer]).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_file_loads_as_is_and_with_every_commented_key_switched_on() {
        let plain = from_text(SHIPPED).expect("the shipped file is valid");
        assert_eq!(plain, from_text("").expect("empty is the default"));
        assert_eq!(plain.sources[0].ring_seconds, super::super::SourceConfig::DEFAULT_RING_SECONDS);
        let all = from_text(&switched_on(SHIPPED)).expect("every commented key is valid");
        assert_eq!(all.decide.abstain_below, Some(0.4));
        assert!(
            all.model.folder.is_some() && all.model.onnxruntime.is_some() && all.server.public_url.is_some()
        );
    }

    #[test]
    fn an_unknown_key_names_line_and_nearest() {
        let error = from_text("[server]\n\nlisen = \"127.0.0.1:1\"\n").expect_err("unknown");
        assert_eq!(error, "test.toml, line 3: unknown key \"server.lisen\", did you mean \"server.listen\"?");
        let error = from_text("[[source]]\nuri = \"-\"\nnmae = \"x\"\n").expect_err("unknown");
        assert!(error.contains("line 3") && error.contains("\"source.name\""), "{error}");
        let error = from_environment(&[("GENRECAST_SERVER__LISTN", "x")]).expect_err("unknown");
        assert!(error.contains("GENRECAST_SERVER__LISTN") && error.contains("server.listen"), "{error}");
    }

    #[test]
    fn a_wrong_value_names_line_and_key() {
        let error = from_text("[server]\nmax_clients = \"many\"\n").expect_err("wrong type");
        assert!(error.starts_with("test.toml, line 2: server.max_clients: "), "{error}");
        let error = from_text("[decide]\nhold_seconds = -1.0\n").expect_err("out of bounds");
        assert!(error.starts_with("test.toml, line 2: decide.hold_seconds: expected 0 to 600"), "{error}");
        let error = from_text("[server\n").expect_err("not TOML");
        assert!(error.starts_with("test.toml, line 1: not valid TOML"), "{error}");
        let error = from_text("[server]\nlisten = \"0.0.0.0:8470\"\n").expect_err("beyond loopback");
        assert!(error.contains("allow_unauthenticated"), "{error}");
    }

    #[test]
    fn the_environment_overrides_with_the_right_types() {
        let config = from_environment(&[
            ("GENRECAST_SERVER__LISTEN", "127.0.0.1:1"),
            ("GENRECAST_MODEL__THREADS", "2"),
            ("GENRECAST_DECIDE__ABSTAIN_BELOW", "0.5"),
            ("GENRECAST_MODEL__ID", "7"),
            ("GENRECAST_STATE_DIR", "/ignored"),
        ])
        .expect("valid");
        assert_eq!(config.server.listen.port(), 1);
        assert_eq!(config.model.threads, 2);
        assert_eq!(config.decide.abstain_below, Some(0.5));
        assert_eq!(config.model.id, "7");
        let error = from_environment(&[("GENRECAST_MODEL__THREADS", "lots")]).expect_err("wrong type");
        assert!(error.starts_with("GENRECAST_MODEL__THREADS: model.threads"), "{error}");
    }
}
