//! Finding, layering and checking the configuration. Touch it when it is to be found elsewhere.

use std::path::{Path, PathBuf};

use serde_path_to_error::Segment;
use toml::{Table, Value};

use super::diff::{self, Change};
use super::layers::{Layer, Step, dotted, environment, overlay};
use super::origin::{Setting, settings};
use super::places::usual_places;
use super::{Config, ConfigError, SHIPPED, sources, spelling};
use crate::source::SourceSpec;

/// A configuration and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The values.
    pub config: Config,
    /// The configured sources, in their order; names are unique.
    pub sources: Vec<SourceSpec>,
    /// The file that was read; `None` if the compiled-in text stands alone.
    pub file: Option<PathBuf>,
    /// What was probably meant otherwise, in words; none of it keeps anything from working.
    pub warnings: Vec<String>,
    /// Every layer in one, as written.
    table: Table,
    settings: Vec<Setting>,
}

impl Loaded {
    /// Every key but those of sources that has another value in `new`, and whether a running daemon can take it over.
    pub fn changes(&self, new: &Self) -> Vec<Change> {
        diff::changes(&self.table, &new.table)
    }

    /// Every value in force and where it comes from.
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// Takes over what a running daemon can take over from `new`; the rest still differs.
    pub fn adopt(&mut self, new: &Self) {
        self.table = diff::adopted(&self.table, &new.table);
    }
}

/// A flag that was given and the key that it sets.
#[derive(Debug, Clone, PartialEq)]
pub struct Flag {
    /// As it is typed, such as `--listen`.
    pub name: &'static str,
    /// `SECTION.KEY`, or `source` for the list of all sources.
    pub key: &'static str,
    /// The value, as the file would have it.
    pub value: Value,
}

/// Loads the configuration: the shipped text, over it the file, over that the environment, over that the flags.
/// Values are checked when all are there: what a flag replaces does no harm.
/// `file` is the one of `--config`; without it the usual places are tried.
///
/// # Errors
/// [`ConfigError`] names file, line and key.
pub fn load(
    file: Option<&Path>,
    variables: impl Iterator<Item = (String, String)>,
    flags: impl IntoIterator<Item = Flag>,
) -> Result<Loaded, ConfigError> {
    let file = file.map(Path::to_owned).or_else(|| usual_places().into_iter().find(|path| path.is_file()));
    let variables: Vec<_> = variables.collect();
    let warnings = variables.iter().filter_map(|(name, _)| spelling::warning(name)).collect();
    let mut layers: Vec<_> = credentials(&variables).into_iter().map(Layer::from_flag).collect();
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
        layers.push(Layer::from_file(&path.display().to_string(), text)?);
    }
    layers.push(environment(variables.into_iter())?);
    layers.extend(flags.into_iter().map(Layer::from_flag));
    let (config, table) = merge(&layers)?;
    // The check of the configuration has found no fault with them.
    let sources = sources::specs(&config.sources).unwrap_or_default();
    let settings = settings(&table, &layers);
    Ok(Loaded { config, sources, file, warnings, table, settings })
}

/// A file's text over the shipped one, for a fuzzer.
///
/// # Errors
/// As [`load`].
#[cfg(any(fuzzing, test))]
pub fn from_text(text: String) -> Result<Config, ConfigError> {
    merge(&[Layer::from_file("fuzz.toml", text)?]).map(|(config, _)| config)
}

/// Credentials that systemd may hand to its service, and the keys that they stand for.
const CREDENTIALS: [(&str, &str, &str); 3] = [
    ("token", "server.token_file", "the credential token"),
    ("certificate", "server.certificate", "the credential certificate"),
    ("private_key", "server.private_key", "the credential private_key"),
];

/// Those that there are.
fn credentials(variables: &[(String, String)]) -> Vec<Flag> {
    let folder = variables.iter().find(|(name, _)| name == "CREDENTIALS_DIRECTORY");
    let there = |(file, key, name)| {
        let path = Path::new(&folder?.1).join(file);
        let value = path.is_file().then(|| path.to_string_lossy().into_owned())?;
        Some(Flag { name, key, value: value.into() })
    };
    CREDENTIALS.into_iter().filter_map(there).collect()
}

fn merge(layers: &[Layer]) -> Result<(Config, Table), ConfigError> {
    let mut table: Table = SHIPPED.parse().map_err(|error: toml::de::Error| ConfigError::Syntax {
        place: "the shipped config.toml".into(),
        reason: error.message().to_owned(),
    })?;
    for layer in layers {
        overlay(&mut table, &layer.table);
    }
    let config: Config = serde_path_to_error::deserialize(table.clone()).map_err(|error| {
        let path: Vec<Step> = error
            .path()
            .iter()
            .filter_map(|segment| match segment {
                Segment::Map { key } => Some(Step::Key(key.clone())),
                Segment::Seq { index } => Some(Step::Index(*index)),
                _ => None,
            })
            .collect();
        value_error(layers, &path, error.inner().message().to_owned())
    })?;
    match config.fault() {
        None => Ok((config, table)),
        Some((path, reason)) => Err(value_error(layers, &path, reason)),
    }
}

/// Blames the uppermost layer that sets the value.
fn value_error(layers: &[Layer], path: &[Step], reason: String) -> ConfigError {
    let place = layers.iter().rev().find(|layer| layer.sets(path)).map(|layer| layer.place_of(path));
    ConfigError::Value { place: place.unwrap_or_else(|| "configuration".into()), key: dotted(path), reason }
}

#[cfg(test)]
mod tests {
    use super::super::layers::switched_on;
    use super::*;

    fn from_text(text: &str) -> Result<Config, String> {
        let layer = Layer::from_file("test.toml", text.to_owned()).map_err(|error| error.to_string())?;
        merge(&[layer]).map(|(config, _)| config).map_err(|error| error.to_string())
    }

    fn with_flag(text: &str, name: &'static str, key: &'static str, value: Value) -> Result<Config, String> {
        let file = Layer::from_file("test.toml", text.to_owned()).map_err(|error| error.to_string())?;
        merge(&[file, Layer::from_flag(Flag { name, key, value })])
            .map(|(config, _)| config)
            .map_err(|error| error.to_string())
    }

    fn from_environment(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let layer = environment(variables).map_err(|error| error.to_string())?;
        merge(&[layer]).map(|(config, _)| config).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_file_loads_as_is_and_with_every_commented_key_switched_on() {
        let plain = from_text(SHIPPED).expect("the shipped file is valid");
        assert_eq!(plain, from_text("").expect("empty is the default"));
        assert_eq!(plain.sources[0].ring_seconds, super::super::SourceConfig::DEFAULT_RING_SECONDS);
        // Some keys of a source are a program's only.
        let program = switched_on(SHIPPED).replace("uri = \"mic:\"", "uri = \"exec:\"");
        let all = from_text(&program).expect("every commented key is valid");
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
        let error = from_text("[decide]\nminimum_seconds = -1.0\n").expect_err("out of bounds");
        assert!(error.starts_with("test.toml, line 2: decide.minimum_seconds: expected 0 to 600"), "{error}");
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

    #[test]
    fn a_fault_in_the_second_source_names_a_line_of_the_second() {
        let first = "[[source]]\nuri = \"-\"\nring_seconds = 1.0\n";
        for (second, key, line) in [
            ("uri = \"mic:\"\nring_seconds = 0.1\n", "source.ring_seconds: expected 0.5 to 60", 6),
            ("uri = 5\n", "source.uri: invalid type", 5),
            ("uri = \"mic:\"\nnmae = \"x\"\n", "unknown key \"source.nmae\"", 6),
        ] {
            let error = from_text(&format!("{first}[[source]]\n{second}")).expect_err("wrong");
            assert!(error.starts_with(&format!("test.toml, line {line}: {key}")), "{error}");
        }
        let error = from_text(&format!("{first}\n[[source]]\nname = \"x\"\n")).expect_err("no uri");
        assert!(error.starts_with("test.toml, line 5: source: missing field `uri`"), "{error}");
    }

    #[test]
    fn values_are_checked_after_the_flags() {
        let open = "[server]\nlisten = \"0.0.0.0:1\"\n";
        let config = with_flag(open, "--listen", "server.listen", "127.0.0.1:1".into()).expect("loopback");
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:1");
        let error = with_flag("", "--listen", "server.listen", "0.0.0.0:1".into()).expect_err("not loopback");
        assert!(error.starts_with("--listen: server.listen: 0.0.0.0:1 is reachable"), "{error}");
        let allowed = "[server]\nallow_unauthenticated = true\n";
        with_flag(allowed, "--listen", "server.listen", "0.0.0.0:1".into()).expect("allowed");
        let token = "[server]\ntoken_file = \"/etc/genrecast/token\"\n";
        with_flag(token, "--listen", "server.listen", "0.0.0.0:1".into()).expect("guarded");
        let bad = "[[source]]\nuri = \"mic:\"\nring_seconds = 0.1\n";
        let uris = Value::Array(vec![Table::from_iter([("uri".to_owned(), "-".into())]).into()]);
        assert_eq!(with_flag(bad, "--source", "source", uris).expect("replaced").sources[0].uri, "-");
    }

    #[test]
    fn credentials_are_files_unless_others_are_configured() {
        let folder = temp_dir::TempDir::new().expect("a folder");
        let variables = [("CREDENTIALS_DIRECTORY".to_owned(), folder.path().display().to_string())];
        assert_eq!(credentials(&variables), []);
        let files = ["token", "certificate", "private_key"].map(|name| folder.path().join(name));
        for file in &files {
            std::fs::write(file, "0123456789abcdef").expect("written");
        }
        let layers = || credentials(&variables).into_iter().map(Layer::from_flag).collect::<Vec<_>>();
        let (config, _) = merge(&layers()).expect("valid");
        let of = |config: &Config| {
            let server = &config.server;
            [&server.token_file, &server.certificate, &server.private_key]
                .map(|path| path.clone().expect("set"))
        };
        assert_eq!(of(&config), files);
        let other = "[server]\ntoken_file = \"/x\"\ncertificate = \"/y\"\nprivate_key = \"/z\"\n";
        let other = Layer::from_file("test.toml", other.into()).expect("valid");
        let layers_and_file = [layers(), vec![other]].into_iter().flatten().collect::<Vec<_>>();
        let (config, _) = merge(&layers_and_file).expect("valid");
        assert_eq!(of(&config), ["/x", "/y", "/z"].map(PathBuf::from));
        std::fs::remove_file(&files[2]).expect("removed");
        let error = merge(&layers()).expect_err("a certificate without its key").to_string();
        assert!(error.contains("server.private_key"), "{error}");
    }

    #[test]
    fn a_public_url_must_have_scheme_and_host() {
        let with = |url: &str| from_text(&format!("[server]\npublic_url = \"{url}\"\n"));
        for url in ["https://genre.example.org", "http://box:8470"] {
            assert!(with(url).is_ok(), "{url}");
        }
        for url in ["genre.example.org", "ftp://genre.example.org", "https://", ""] {
            let error = with(url).expect_err(url);
            assert!(
                error.starts_with("test.toml, line 2: server.public_url: must look like https://"),
                "{error}"
            );
        }
    }
}
