//! Which part of an embedding are tags. Only `training/` uses them, to feed the head with stored ones; the daemon sees
//! to it that the manifest is right. Touch it with `training/`.

use serde::Deserialize;

use super::{ManifestError, Patch, bad_value};

/// The tags within an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taggram {
    /// The embedding's first `tags` numbers are probabilities of tags; the head also answers with zeros for the rest.
    pub tags: usize,
}

pub(super) fn check(taggram: Option<Taggram>, patch: &Patch) -> Result<(), ManifestError> {
    match taggram {
        Some(Taggram { tags }) if tags == 0 || tags > patch.embedding => {
            Err(bad_value("taggram.tags", tags, format!("1 to patch.embedding ({})", patch.embedding)))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;

    const ENCODER: &str = include_str!("../../tests/fixtures/models/toy-encoder/manifest.toml");
    const WINDOW: &str = include_str!("../../tests/fixtures/models/toy-window/manifest.toml");

    #[test]
    fn tags_are_a_part_of_the_embedding() {
        let parse = |tags: &str| Manifest::parse(&format!("{ENCODER}\n[taggram]\ntags = {tags}\n"));
        for right in ["1", "16"] {
            assert!(parse(right).expect("valid").taggram.is_some());
        }
        for wrong in ["0", "17"] {
            let error = parse(wrong).expect_err("not a part").to_string();
            assert!(
                error.contains(&format!("taggram.tags = {wrong}, expected 1 to patch.embedding (16)")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_window_model_has_none() {
        let error =
            Manifest::parse(&format!("{WINDOW}\n[taggram]\ntags = 1\n")).expect_err("refused").to_string();
        assert!(error.contains("taggram = a table, expected none"), "{error}");
    }
}
