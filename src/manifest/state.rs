//! What an encoder keeps from one patch to the next, so that it computes only what is new. Touch it when an encoder
//! must keep more than one tensor, or fill it otherwise.

use serde::Deserialize;

use super::{ManifestError, NetworkFile, Patch, Tensor, bad_value};

/// The tensor that an encoder takes from the run before, and the one that it gives to the run after.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// What it takes besides the patch; zeros before the first run.
    pub input: Tensor,
    /// What it gives besides the embedding: the input of the next run, of the same shape.
    pub output: Tensor,
    /// Runs that fill the state before a patch which does not follow the one before by exactly one stride. Run `i` of
    /// them sees the patch's first `frames − (warm_up − i)·stride` columns, right-aligned, zeros before them.
    pub warm_up: usize,
}

/// Most numbers that an encoder may keep for each source: 64 MiB.
const MOST: usize = 1 << 24;

pub(super) fn check(encoder: &NetworkFile, patch: &Patch) -> Result<(), ManifestError> {
    let Some(state) = &encoder.state else { return Ok(()) };
    let shape = &state.input.shape;
    if shape.is_empty() || shape.contains(&0) {
        return Err(bad_value("encoder.state.input.shape", format!("{shape:?}"), "no free dimension"));
    }
    let size = shape.iter().try_fold(1_usize, |size, &dimension| size.checked_mul(dimension));
    if size.is_none_or(|size| size > MOST) {
        let expected = format!("at most {MOST} numbers");
        return Err(bad_value("encoder.state.input.shape", format!("{shape:?}"), expected));
    }
    if state.output.shape != *shape {
        return Err(bad_value(
            "encoder.state.output.shape",
            format!("{:?}", state.output.shape),
            format!("{shape:?}, as encoder.state.input.shape says"),
        ));
    }
    for (key, name, other) in [
        ("input", &state.input.name, &encoder.input.name),
        ("output", &state.output.name, &encoder.output.name),
    ] {
        if name == other {
            return Err(bad_value(
                &format!("encoder.state.{key}.name"),
                name,
                format!("another name than that of encoder.{key}"),
            ));
        }
    }
    // Each of these runs must see a column at least.
    if state.warm_up.saturating_mul(patch.stride) >= patch.frames {
        return Err(bad_value(
            "encoder.state.warm_up",
            state.warm_up,
            format!(
                "fewer than patch.frames / patch.stride ({} / {}), so that each run sees something",
                patch.frames, patch.stride
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;

    const MANIFEST: &str = include_str!("../../tests/fixtures/models/toy-stream/manifest.toml");

    /// What is said to the manifest of `toy-stream` with one thing changed.
    fn refused(from: &str, to: &str) -> String {
        assert!(MANIFEST.contains(from), "{from} in {MANIFEST}");
        Manifest::parse(&MANIFEST.replacen(from, to, 1)).expect_err("a wrong manifest").to_string()
    }

    #[test]
    fn an_encoder_may_keep_a_tensor() {
        let manifest = Manifest::parse(MANIFEST).expect("valid");
        let encoder = manifest.encoder.expect("an encoder");
        let state = encoder.state.as_ref().expect("a state");
        assert_eq!((state.warm_up, &state.input.shape), (2, &vec![1, 120, 6]));
        assert_eq!(
            encoder.inputs().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(),
            ["mel", "columns"]
        );
        assert_eq!(encoder.outputs().count(), 2);
        assert_eq!(manifest.head.expect("a head").inputs().count(), 1);
    }

    #[test]
    fn a_state_that_cannot_be_handed_on_is_refused() {
        for (from, to, words) in [
            (
                "warm_up = 2",
                "warm_up = 4",
                "encoder.state.warm_up = 4, expected fewer than patch.frames / patch.stride (187 / 61)",
            ),
            ("warm_up = 2", "warm_up = -1", "invalid value"),
            ("warm_up = 2", "warm = 2", "unknown field `warm`"),
            (
                "\"columns_next\", shape = [1, 120, 6]",
                "\"columns_next\", shape = [1, 121, 6]",
                "expected [1, 120, 6], as encoder.state.input.shape says",
            ),
            (
                "\"columns\", shape = [1, 120, 6]",
                "\"columns\", shape = [1, 0, 6]",
                "expected no free dimension",
            ),
            ("\"columns\", shape = [1, 120, 6]", "\"columns\", shape = []", "expected no free dimension"),
            (
                "\"columns\", shape = [1, 120, 6]",
                "\"columns\", shape = [1, 9000000000, 9000000000]",
                "expected at most 16777216 numbers",
            ),
            ("\"columns\", shape", "\"mel\", shape", "another name than that of encoder.input"),
            ("\"columns_next\", shape", "\"embedding\", shape", "another name than that of encoder.output"),
        ] {
            let error = refused(from, to);
            assert!(error.contains(words), "{from} → {to}: {error}");
        }
    }

    #[test]
    fn only_an_encoder_keeps_something() {
        let (head, rest) = MANIFEST.split_once("[head]\n").expect("a head");
        let state = "state = { input = { name = \"a\", shape = [1] }, output = { name = \"b\", shape = [1] }, warm_up = 0 }";
        let text = format!("{head}[head]\n{state}\n{rest}");
        let error = Manifest::parse(&text).expect_err("a head with a state").to_string();
        assert!(error.contains("head.state = a table, expected none"), "{error}");
    }
}
