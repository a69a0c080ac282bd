//! Reads the URIs of what comes from elsewhere: web addresses and programs.
//! Touch it to add a key to them; a web address keeps its own `?`, so ours stand behind a `#`.

use super::parse::{PcmKeys, UriError, looks_like_query, mixdown_key, pairs, split_query};
use super::{Pacing, SourceUri};
use crate::source::exec::Program;
use crate::source::http::Address;
use crate::source::mixdown::Mixdown;

/// The keys of a program; what ends in others is part of the program's arguments.
const EXEC_KEYS: [&str; 6] = ["pcm", "rate", "channels", "pace", "gain_db", "channel"];

/// `http://HOST/PATH#gain_db=6&pace=off`. A fragment that is none of ours is the page's, which no server is ever told.
pub(super) fn http(text: &str) -> Result<SourceUri, UriError> {
    let (address, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (mut pacing, mut mixdown) = (Pacing::Live, Mixdown::default());
    let query = if looks_like_query(fragment) { fragment } else { "" };
    for (key, value) in pairs(query) {
        if !pace_key(&mut pacing, key, value)? && !mixdown_key(&mut mixdown, key, value)? {
            let expected = "`pace`, `gain_db` or `channel`";
            return Err(UriError::Key { kind: "a web address", key: key.into(), expected });
        }
    }
    Ok(SourceUri::Http { address: Address::parse(address)?, pacing, mixdown })
}

/// `exec:PROGRAM ARGUMENT…?pcm=s16le&rate=44100&channels=2`, in words as a shell would split them, but no shell runs.
pub(super) fn exec(rest: &str) -> Result<SourceUri, UriError> {
    let (words, query) = match split_query(rest) {
        (words, query) if pairs(query).all(|(key, _)| EXEC_KEYS.contains(&key)) => (words, query),
        _ => (rest, ""),
    };
    let (mut pacing, mut mixdown, mut samples) = (Pacing::Off, Mixdown::default(), PcmKeys::default());
    for (key, value) in pairs(query) {
        let known = samples.takes(key, value)?
            || pace_key(&mut pacing, key, value)?
            || mixdown_key(&mut mixdown, key, value)?;
        debug_assert!(known, "{key} is one of EXEC_KEYS");
    }
    let words =
        shlex::split(words).ok_or(UriError::Program { reason: "a quote or a backslash has no end" })?;
    // Without one, the configuration gives it as a list.
    let program = Program::new(words);
    Ok(SourceUri::Exec { program, pcm: samples.format(false)?, pacing, mixdown })
}

fn pace_key(pacing: &mut Pacing, key: &str, value: &str) -> Result<bool, UriError> {
    if key != "pace" {
        return Ok(false);
    }
    let invalid = || UriError::Value { key: "pace", given: value.into(), expected: "`live` or `off`" };
    *pacing = Pacing::from_name(value).ok_or_else(invalid)?;
    Ok(true)
}
