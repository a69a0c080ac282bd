//! Variables of the environment that are probably meant for a key but miss it. Touch it when somebody falls into
//! another trap.

use super::layers::KNOWN;

/// What to say of a variable that sets no key but looks as if it should: two underscores part section and key.
pub(super) fn warning(variable: &str) -> Option<String> {
    let rest = variable.strip_prefix("GENRECAST_")?;
    if rest.contains("__") {
        return None;
    }
    let written = rest.to_lowercase();
    if let "source" | "sources" | "config" = written.as_str() {
        let flag = written.trim_end_matches('s');
        return Some(format!(
            "the variable {variable} sets nothing; use the flag --{flag}, or the configuration file"
        ));
    }
    // The name of a section, which may also be that of a flag.
    if KNOWN.get(&written).is_some_and(toml::Value::is_table) {
        let keys = KNOWN
            .get(&written)
            .and_then(toml::Value::as_table)
            .map(|keys| keys.keys().cloned().collect::<Vec<_>>());
        let (section, keys) = (written.to_uppercase(), keys.unwrap_or_default().join(", "));
        return Some(format!(
            "the variable {variable} sets nothing; GENRECAST_{section}__KEY would set one of {keys}"
        ));
    }
    let keys = KNOWN.iter().filter_map(|(section, keys)| Some((section, keys.as_table()?)));
    let keys = keys.flat_map(|(section, keys)| keys.keys().map(move |key| (section, key)));
    let (_, section, key) = keys
        .filter_map(|(section, key)| {
            let distance = strsim::damerau_levenshtein(&written, &format!("{section}_{key}"));
            // The section may also have been left out.
            if written == *key {
                Some((1, section, key))
            } else {
                (distance <= 2).then_some((distance, section, key))
            }
        })
        .min()?;
    let right = format!("GENRECAST_{}__{}", section.to_uppercase(), key.to_uppercase());
    Some(format!("the variable {variable} sets nothing; {right} would set {section}.{key}"))
}

#[cfg(test)]
mod tests {
    use super::warning;

    #[test]
    fn what_is_near_a_key_is_told_and_what_is_not_is_left_alone() {
        for (variable, right) in [
            ("GENRECAST_SERVER_LISTEN", "GENRECAST_SERVER__LISTEN would set server.listen"),
            ("GENRECAST_LISTEN", "GENRECAST_SERVER__LISTEN"),
            ("GENRECAST_LOG_LEVL", "GENRECAST_LOG__LEVEL"),
            ("GENRECAST_LOG", "GENRECAST_LOG__KEY would set one of format, level"),
            ("GENRECAST_SOURCE", "--source"),
            ("GENRECAST_CONFIG", "--config"),
        ] {
            let said = warning(variable).expect("told");
            assert!(said.contains(variable) && said.contains(right), "{said}");
        }
        for variable in [
            "GENRECAST_STATE_DIR",
            "GENRECAST_TEST_DATA",
            "GENRECAST_CARGO_PROFILE",
            "GENRECAST_SERVER__LISTEN",
            "PATH",
        ] {
            assert_eq!(warning(variable), None, "{variable}");
        }
    }
}
