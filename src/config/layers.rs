//! One layer of configuration over another: a file, the environment, a flag. Touch it to add a layer or to change how
//! unknown keys are told.

use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{ConfigError, Flag, SHIPPED};

/// Values, and where they come from.
pub(super) struct Layer {
    origin: Origin,
    /// The values.
    pub table: Table,
}

/// Where the values of a layer come from, for messages.
enum Origin {
    File { name: String, text: String },
    Environment,
    Flag(&'static str),
}

/// A step on the way to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// The way as people write it; the place says which item of a list is meant.
pub(super) fn dotted(path: &[Step]) -> String {
    let keys = path.iter().filter_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    keys.collect::<Vec<_>>().join(".")
}

/// Every key that exists: the shipped file with its commented keys switched on.
pub(super) static KNOWN: LazyLock<Table> = LazyLock::new(|| {
    // A test parses this very text.
    switched_on(SHIPPED).parse().unwrap_or_default()
});

/// The shipped text with each `#key = value` made `key = value`, and each `#[[list]]` an item of that list.
pub(super) fn switched_on(text: &str) -> String {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let is_key = |line: &str| {
        line.strip_prefix('#').is_some_and(|rest| {
            let item = rest.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]"));
            item.is_some_and(is_name) || rest.split_once(" = ").is_some_and(|(name, _)| is_name(name))
        })
    };
    text.lines().map(|line| if is_key(line) { &line[1..] } else { line }).collect::<Vec<_>>().join("\n")
}

impl Layer {
    /// A layer from a file's text.
    pub fn from_file(name: &str, text: String) -> Result<Self, ConfigError> {
        let table = text.parse::<Table>().map_err(|error| ConfigError::Syntax {
            place: place(name, line_of(&text, error.span())),
            reason: error.message().to_owned(),
        })?;
        let layer = Self { origin: Origin::File { name: name.to_owned(), text }, table };
        layer.check_keys(&layer.table, &KNOWN, &mut Vec::new())?;
        Ok(layer)
    }

    /// A layer from a flag.
    pub fn from_flag(flag: Flag) -> Self {
        let mut table = Table::new();
        match flag.key.split_once('.') {
            Some((section, key)) => {
                let section = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
                if let Value::Table(section) = section {
                    section.insert(key.to_owned(), flag.value);
                }
            }
            None => {
                table.insert(flag.key.to_owned(), flag.value);
            }
        }
        Self { origin: Origin::Flag(flag.name), table }
    }

    /// True if the layer sets this value.
    pub fn sets(&self, path: &[Step]) -> bool {
        let Some((Step::Key(first), rest)) = path.split_first() else { return false };
        let mut value = self.table.get(first);
        for step in rest {
            value = match (value, step) {
                (Some(Value::Table(table)), Step::Key(key)) => table.get(key),
                (Some(Value::Array(items)), Step::Index(index)) => items.get(*index),
                (other, _) => other,
            };
        }
        value.is_some()
    }

    /// Where a value stands, as far as it stands in this layer: file and line, variable or flag.
    pub fn place_of(&self, path: &[Step]) -> String {
        let (name, text) = match &self.origin {
            Origin::File { name, text } => (name, text),
            Origin::Environment => {
                return format!("GENRECAST_{}", dotted(path).replace('.', "__").to_uppercase());
            }
            Origin::Flag(name) => return (*name).to_owned(),
        };
        let span = DeTable::parse(text).ok().and_then(|table| {
            let (mut here, mut span) = (DeValue::Table(table.into_inner()), None);
            for step in path {
                let next = match (here, step) {
                    (DeValue::Table(table), Step::Key(key)) => table
                        .into_iter()
                        .find(|(name, _)| name.get_ref() == key)
                        .map(|(name, value)| (name.span(), value)),
                    (DeValue::Array(items), Step::Index(index)) => {
                        items.into_iter().nth(*index).map(|item| (item.span(), item))
                    }
                    _ => None,
                };
                let Some((at, value)) = next else { break };
                span = Some(at);
                here = value.into_inner();
            }
            span
        });
        place(name, line_of(text, span))
    }

    fn check_keys(&self, table: &Table, known: &Table, path: &mut Vec<Step>) -> Result<(), ConfigError> {
        for (key, value) in table {
            path.push(Step::Key(key.clone()));
            let Some(known_value) = known.get(key) else {
                return Err(ConfigError::UnknownKey {
                    place: self.place_of(path),
                    key: dotted(path),
                    nearest: nearest(path, known),
                });
            };
            match (value, known_value) {
                (Value::Table(inner), Value::Table(known_inner)) => {
                    self.check_keys(inner, known_inner, path)?
                }
                (Value::Array(items), Value::Array(known_items)) => {
                    let known_inner = known_items.first().and_then(Value::as_table);
                    for (index, item) in items.iter().enumerate() {
                        if let (Some(inner), Some(known_inner)) = (item.as_table(), known_inner) {
                            path.push(Step::Index(index));
                            self.check_keys(inner, known_inner, path)?;
                            path.pop();
                        }
                    }
                }
                _ => {}
            }
            path.pop();
        }
        Ok(())
    }
}

/// The known key that looks most like the last one of the path.
fn nearest(path: &[Step], known: &Table) -> Option<String> {
    let (Step::Key(wrong), parents) = path.split_last()? else { return None };
    known
        .keys()
        .map(|key| (strsim::damerau_levenshtein(wrong, key), key))
        .min()
        .filter(|(distance, key)| *distance <= 2.max(key.len() / 3))
        .map(|(_, key)| dotted(&[parents, &[Step::Key(key.clone())]].concat()))
}

/// Puts `over` over `base`; arrays are replaced whole.
pub(super) fn overlay(base: &mut Table, over: &Table) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            _ => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The layer of the environment: `GENRECAST_SERVER__LISTEN` sets `listen` in `[server]`.
pub(super) fn environment(variables: impl Iterator<Item = (String, String)>) -> Result<Layer, ConfigError> {
    let mut layer = Layer { origin: Origin::Environment, table: Table::new() };
    for (variable, value) in variables {
        // Without the double underscore it names no key of a section; GENRECAST_STATE_DIR and the like.
        let Some((section, key)) = variable.strip_prefix("GENRECAST_").and_then(|rest| rest.split_once("__"))
        else {
            continue;
        };
        let (section, key) = (section.to_lowercase(), key.to_lowercase());
        let is_text = KNOWN.get(&section).and_then(|table| table.get(&key)).is_some_and(Value::is_str);
        let parsed = format!("v = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("v"));
        let value = parsed.filter(|_| !is_text).unwrap_or(Value::String(value));
        let table = layer.table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(table) = table {
            table.insert(key, value);
        }
    }
    layer.check_keys(&layer.table, &KNOWN, &mut Vec::new())?;
    Ok(layer)
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> Option<usize> {
    let start = span?.start.min(text.len());
    Some(text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1)
}

fn place(name: &str, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{name}, line {line}"),
        None => name.to_owned(),
    }
}
