//! One layer of configuration over another: a file, the environment. Touch it to add a layer or to change how
//! unknown keys are told.

use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::{ConfigError, SHIPPED};

/// Where the values of a layer come from, for messages.
pub(super) struct Layer {
    /// The file's name; empty for the environment.
    pub name: String,
    /// The file's text; empty for the environment.
    pub text: String,
    /// The values.
    pub table: Table,
}

/// Every key that exists: the shipped file with its commented keys switched on.
pub(super) static KNOWN: LazyLock<Table> = LazyLock::new(|| {
    // A test parses this very text.
    switched_on(SHIPPED).parse().unwrap_or_default()
});

/// The shipped text with each `#key = value` made `key = value`.
pub(super) fn switched_on(text: &str) -> String {
    let is_key = |line: &str| {
        line.strip_prefix('#').is_some_and(|rest| {
            let name = rest.split(" = ").next().unwrap_or_default();
            rest.contains(" = ")
                && !name.is_empty()
                && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
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
        let layer = Self { name: name.to_owned(), text, table };
        layer.check_keys(&layer.table, &KNOWN, &mut Vec::new())?;
        Ok(layer)
    }

    /// File and line of a dotted key, as far as it stands in this layer.
    pub fn place_of(&self, path: &[String]) -> String {
        if self.text.is_empty() {
            return format!("GENRECAST_{}", path.join("__").to_uppercase());
        }
        let line = DeTable::parse(&self.text).ok().and_then(|table| {
            let (mut table, mut span) = (table.into_inner(), None);
            for key in path {
                let Some((found, value)) = table.clone().into_iter().find(|(name, _)| name.get_ref() == key)
                else {
                    break;
                };
                span = Some(found.span());
                match value.into_inner() {
                    DeValue::Table(inner) => table = inner,
                    DeValue::Array(items) => {
                        let inner = items.into_iter().find_map(|item| match item.into_inner() {
                            DeValue::Table(inner) => Some(inner),
                            _ => None,
                        });
                        let Some(inner) = inner else { break };
                        table = inner;
                    }
                    _ => break,
                }
            }
            line_of(&self.text, span)
        });
        place(&self.name, line)
    }

    fn check_keys(&self, table: &Table, known: &Table, path: &mut Vec<String>) -> Result<(), ConfigError> {
        for (key, value) in table {
            path.push(key.clone());
            let Some(known_value) = known.get(key) else {
                return Err(ConfigError::UnknownKey {
                    place: self.place_of(path),
                    key: path.join("."),
                    nearest: nearest(path, known),
                });
            };
            match (value, known_value) {
                (Value::Table(inner), Value::Table(known_inner)) => {
                    self.check_keys(inner, known_inner, path)?
                }
                (Value::Array(items), Value::Array(known_items)) => {
                    let known_inner = known_items.first().and_then(Value::as_table);
                    for inner in items.iter().filter_map(Value::as_table) {
                        if let Some(known_inner) = known_inner {
                            self.check_keys(inner, known_inner, path)?;
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
fn nearest(path: &[String], known: &Table) -> Option<String> {
    let (wrong, parents) = path.split_last()?;
    known
        .keys()
        .map(|key| (strsim::damerau_levenshtein(wrong, key), key))
        .min()
        .filter(|(distance, key)| *distance <= 2.max(key.len() / 3))
        .map(|(_, key)| parents.iter().chain([key]).cloned().collect::<Vec<_>>().join("."))
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
    let mut layer = Layer { name: String::new(), text: String::new(), table: Table::new() };
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
