//! What a model is for: naming genres, or telling music from what is none. Touch it when models get another task.

use serde::Deserialize;

use super::{Manifest, ManifestError, bad_value};

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It names genres.
    #[default]
    Genre,
    /// It tells music, speech, both and noise apart.
    Gate,
}

impl Role {
    /// Labels that a gate may have; what is heard is named by them.
    pub const GATE_LABELS: [&'static str; 4] = ["music", "speech", "mixed", "noise"];
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Genre => "genre",
            Self::Gate => "gate",
        })
    }
}

pub(super) fn check(manifest: &Manifest) -> Result<(), ManifestError> {
    let known = |label: &&String| Role::GATE_LABELS.contains(&label.as_str());
    match manifest.labels.iter().find(|label| manifest.role == Role::Gate && !known(label)) {
        None => Ok(()),
        Some(label) => Err(bad_value(
            "labels",
            format!("{label:?} in a model of role gate"),
            format!("some of {}", Role::GATE_LABELS.join(", ")),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: &str = include_str!("../../tests/fixtures/models/toy-window/manifest.toml");
    const GATE: &str = include_str!("../../models/gate-speech-music/manifest.toml");

    #[test]
    fn a_model_names_genres_unless_it_says_otherwise() {
        assert_eq!(Manifest::parse(WINDOW).expect("valid").role, Role::Genre);
        assert_eq!(Manifest::parse(GATE).expect("valid").role, Role::Gate);
    }

    #[test]
    fn a_gate_tells_nothing_else_apart() {
        let text = GATE.replacen("\"mixed\"", "\"jazz\"", 1);
        let error = Manifest::parse(&text).expect_err("no gate has it").to_string();
        assert!(error.contains("jazz") && error.contains("music, speech, mixed, noise"), "{error}");
        let text = WINDOW.replacen("kind =", "role = \"gate\"\nkind =", 1);
        Manifest::parse(&text).expect_err("its labels are genres");
    }
}
