//! Where each value of the configuration comes from, for people who ask. Touch it when a value is to tell more of itself.

use toml::{Table, Value};

use super::layers::{Layer, Step};

/// A value that is in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// `SECTION.KEY`; `source` stands for the list of all sources.
    pub key: String,
    /// As it was written, and so perhaps a secret.
    pub value: Value,
    /// File and line, variable or flag; `None`: it is the default.
    pub origin: Option<String>,
}

/// Every value of `table`, which is all `layers` in one, the lowest first.
pub(super) fn settings(table: &Table, layers: &[Layer]) -> Vec<Setting> {
    let origin = |path: &[Step]| {
        let layer = layers.iter().rev().find(|layer| layer.sets(path));
        layer.map(|layer| layer.place_of(path))
    };
    let mut settings = Vec::new();
    for (section, value) in table {
        let Value::Table(keys) = value else {
            let origin = origin(&[Step::Key(section.clone())]);
            settings.push(Setting { key: section.clone(), value: value.clone(), origin });
            continue;
        };
        for (key, value) in keys {
            let origin = origin(&[Step::Key(section.clone()), Step::Key(key.clone())]);
            settings.push(Setting { key: format!("{section}.{key}"), value: value.clone(), origin });
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::super::load;
    use super::super::{Flag, Loaded};

    #[test]
    fn the_uppermost_layer_is_named() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let file = place.path().join("c.toml");
        let text = "[server]\nmax_clients = 7\nheartbeat_seconds = 5\n[[source]]\nuri = \"-\"\n";
        std::fs::write(&file, text).expect("written");
        let variables = [("GENRECAST_SERVER__MAX_CLIENTS".to_owned(), "8".to_owned())];
        let flag = Flag { name: "--model", key: "model.id", value: "crnn".into() };
        let loaded: Loaded = load(Some(&file), variables.into_iter(), [flag]).expect("valid");
        let of = |key: &str| {
            let setting = loaded.settings().iter().find(|setting| setting.key == key).expect("there");
            (setting.value.to_string(), setting.origin.clone())
        };
        let at = |line| Some(format!("{}, line {line}", file.display()));
        assert_eq!(of("server.max_clients"), ("8".into(), Some("GENRECAST_SERVER__MAX_CLIENTS".into())));
        assert_eq!(of("server.heartbeat_seconds"), ("5".into(), at(3)));
        assert_eq!(of("model.id"), ("\"crnn\"".into(), Some("--model".into())));
        assert_eq!(of("model.runtime"), ("\"auto\"".into(), None));
        assert_eq!(of("source").1, at(4));
    }
}
