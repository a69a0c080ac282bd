//! Which events an output wants. Touch it when there is a new filter.

use std::collections::BTreeSet;

use crate::event::EventBody;
use crate::hub::Entry;

/// Which events an output wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Types of events, out of [`EventBody::TYPES`].
    pub types: BTreeSet<String>,
    /// Names of sources; `None` for all.
    pub sources: Option<BTreeSet<String>>,
    /// Windows whose best label is less probable are left out.
    pub min_p: f32,
}

impl Selection {
    /// These types of events, of every source.
    ///
    /// # Errors
    /// What was expected, if there is none of these, or one that does not exist.
    pub fn of_types(types: &[String]) -> Result<Self, String> {
        let expected = || format!("expected some of {}", EventBody::TYPES.join(", "));
        if let Some(unknown) = types.iter().find(|name| !EventBody::TYPES.contains(&name.as_str())) {
            return Err(format!("{}, got {unknown:?}", expected()));
        }
        if types.is_empty() {
            return Err(format!("{}, got none", expected()));
        }
        Ok(Self { types: types.iter().cloned().collect(), sources: None, min_p: 0.0 })
    }

    /// Whether an event is wanted.
    pub(super) fn passes(&self, entry: &Entry) -> bool {
        self.types.contains(entry.type_name())
            && entry.top_p().is_none_or(|p| p >= self.min_p)
            && self.sources.as_ref().is_none_or(|sources| sources.contains(entry.source()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_must_exist() {
        let types = |names: &[&str]| {
            Selection::of_types(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(types(&["genre.changed", "genre.changed"]).expect("known").types.len(), 1);
        let error = types(&["genre.change"]).expect_err("unknown");
        assert!(error.contains("genre.changed") && error.contains("\"genre.change\""), "{error}");
        assert!(types(&[]).expect_err("none").contains("got none"));
    }
}
