//! The configured sources, parsed and named. Touch it when a source gets a key.

use super::SourceConfig;
use crate::source::{Channel, LARGEST_GAIN_DB, Own, Pacing, Program, SourceSpec, SourceUri};

/// What is wrong with a source: its place in the list, the key, and why.
pub(super) type Fault = (usize, &'static str, String);

/// Parses and names them. What only the machine can tell, such as whether a file is there, is not looked at.
pub(super) fn specs(sources: &[SourceConfig]) -> Result<Vec<SourceSpec>, Fault> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        let mut uri: SourceUri = source.uri.parse().map_err(|error| (index, "uri", format!("{error}")))?;
        own_keys(source, &mut uri).map_err(|(key, reason)| (index, key, reason))?;
        let is_stdin = |uri: &SourceUri| matches!(uri, SourceUri::Stdin { .. });
        if is_stdin(&uri) && specs.iter().any(|spec| is_stdin(&spec.uri)) {
            return Err((index, "uri", "standard input can be one source only".into()));
        }
        if !(0.5..=60.0).contains(&source.ring_seconds) {
            let reason = format!("expected 0.5 to 60 seconds, got {}", source.ring_seconds);
            return Err((index, "ring_seconds", reason));
        }
        let name = name(source, &uri, &specs).map_err(|reason| (index, "name", reason))?;
        specs.push(SourceSpec {
            name,
            uri,
            model: source.model.clone(),
            ring_seconds: source.ring_seconds,
            own: own(source).map_err(|(key, reason)| (index, key, reason))?,
        });
    }
    Ok(specs)
}

/// Takes over the keys beside `uri` that say more about it.
fn own_keys(source: &SourceConfig, uri: &mut SourceUri) -> Result<(), (&'static str, String)> {
    if let Some(gain) = source.gain_db {
        if !(-LARGEST_GAIN_DB..=LARGEST_GAIN_DB).contains(&gain) {
            return Err(("gain_db", format!("expected -60 to 60 decibels, got {gain}")));
        }
        uri.mixdown_mut().gain_db = gain;
    }
    if let Some(channel) = &source.channel {
        let fault = || ("channel", format!("expected `mix` or 1 to 64, got {channel}"));
        uri.mixdown_mut().channel = Channel::from_name(&channel.to_string()).ok_or_else(fault)?;
    }
    if let Some(pace) = &source.pace {
        let fault = || ("pace", format!("expected \"live\" or \"off\", got {pace:?}"));
        let read = Pacing::from_name(pace).ok_or_else(fault)?;
        let other =
            || ("pace", "only web addresses and programs have one; a file has `?speed=max`".to_owned());
        *uri.pacing_mut().ok_or_else(other)? = read;
    }
    match (uri, &source.command) {
        (SourceUri::Exec { program, .. }, Some(command)) if program.is_empty() => {
            *program = Program::new(command.clone());
            let fault = || {
                ("command", "expected a program and its arguments: [\"arecord\", \"-t\", \"wav\"]".to_owned())
            };
            if program.is_empty() { Err(fault()) } else { Ok(()) }
        }
        (SourceUri::Exec { program, .. }, None) if program.is_empty() => {
            Err(("uri", "expected a program behind `exec:`, or the key `command`".to_owned()))
        }
        (_, Some(_)) => {
            Err(("command", "only the uri \"exec:\", without a program of its own, has one".to_owned()))
        }
        (_, None) => Ok(()),
    }
}

/// What is judged otherwise of it.
fn own(source: &SourceConfig) -> Result<Own, (&'static str, String)> {
    if let Some(level) = source.quiet_dbfs.filter(|level| !(-200.0..=0.0).contains(level)) {
        return Err(("quiet_dbfs", format!("expected -200 to 0 dB, got {level}")));
    }
    if let Some(p) = source.abstain_below.filter(|p| !(0.0..=1.0).contains(p)) {
        return Err(("abstain_below", format!("expected 0 to 1, got {p}")));
    }
    if let Some(seconds) = source.hop_seconds.filter(|seconds| !(0.0..=60.0).contains(seconds)) {
        return Err(("hop_seconds", format!("expected 0 to 60 seconds, got {seconds}")));
    }
    let (quiet_dbfs, abstain_below) = (source.quiet_dbfs, source.abstain_below);
    Ok(Own { quiet_dbfs, abstain_below, hop_seconds: source.hop_seconds })
}

fn name(source: &SourceConfig, uri: &SourceUri, before: &[SourceSpec]) -> Result<String, String> {
    let base = source.name.clone().unwrap_or_else(|| uri.default_name());
    let valid = !base.is_empty()
        && base.len() <= 64
        && base.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !valid {
        return Err(format!("expected 1 to 64 of A-Z a-z 0-9 - _ . , got {base:?}"));
    }
    let taken = |name: &str| before.iter().any(|spec| spec.name == name);
    if taken(&base) && source.name.is_some() {
        return Err(format!("two sources are named {base:?}; give each its own name"));
    }
    // A name made from a URI gives way: the first free of a, a-2, a-3, …
    let numbered = (2..).map(|count| format!("{base}-{count}"));
    Ok(std::iter::once(base.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(base))
}

#[cfg(test)]
mod tests {
    use super::super::ChannelName;
    use super::*;

    fn source(name: Option<&str>, uri: &str) -> SourceConfig {
        SourceConfig {
            name: name.map(Into::into),
            uri: uri.into(),
            command: None,
            gain_db: None,
            channel: None,
            pace: None,
            quiet_dbfs: None,
            abstain_below: None,
            hop_seconds: None,
            model: None,
            ring_seconds: 4.0,
        }
    }

    #[test]
    fn keys_beside_the_uri_say_more_about_it() {
        let one = |more: SourceConfig| {
            specs(&[more]).map(|specs| specs[0].uri.to_string()).map_err(|fault| fault.2)
        };
        let station = SourceConfig {
            gain_db: Some(-6.0),
            channel: Some(ChannelName::Number(2)),
            pace: Some("off".into()),
            ..source(None, "https://me:secret@a.example/x#gain_db=3")
        };
        assert_eq!(one(station).as_deref(), Ok("https://…@a.example/x#pace=off&gain_db=-6&channel=2"));
        let command = Some(vec!["arecord".into(), "-t".into(), "wav".into()]);
        let program = SourceConfig { command: command.clone(), ..source(None, "exec:?pace=live") };
        assert_eq!(one(program).as_deref(), Ok("exec:arecord -t wav?pace=live"));
        for (wrong, part) in [
            (SourceConfig { gain_db: Some(61.0), ..source(None, "mic:") }, "-60 to 60"),
            (
                SourceConfig { channel: Some(ChannelName::Word("left".into())), ..source(None, "mic:") },
                "`mix`",
            ),
            (SourceConfig { pace: Some("fast".into()), ..source(None, "http://a/") }, "\"live\""),
            (SourceConfig { pace: Some("off".into()), ..source(None, "file:x") }, "speed=max"),
            (SourceConfig { command: command.clone(), ..source(None, "mic:") }, "exec:"),
            (SourceConfig { command, ..source(None, "exec:cat") }, "without a program of its own"),
            (
                SourceConfig { command: Some(Vec::new()), ..source(None, "exec:") },
                "a program and its arguments",
            ),
            (source(None, "exec:"), "the key `command`"),
            (SourceConfig { quiet_dbfs: Some(1.0), ..source(None, "-") }, "-200 to 0"),
            (SourceConfig { abstain_below: Some(1.5), ..source(None, "-") }, "0 to 1"),
            (SourceConfig { hop_seconds: Some(-1.0), ..source(None, "-") }, "0 to 60"),
        ] {
            let reason = one(wrong).expect_err(part);
            assert!(reason.contains(part), "{reason}");
        }
    }

    #[test]
    fn names_made_from_uris_are_counted_until_one_is_free() {
        let uris = ["file:a.wav", "file:a.wav", "file:a-2.wav", "file:a.wav", "mic:"];
        let specs = specs(&uris.map(|uri| source(None, uri))).expect("valid");
        let names: Vec<_> = specs.iter().map(|spec| spec.name.as_str()).collect();
        assert_eq!(names, ["a", "a-2", "a-2-2", "a-3", "mic"]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_key() {
        let fault = |second| {
            let (index, key, reason) = specs(&[source(Some("a"), "-"), second]).expect_err("wrong");
            assert_eq!(index, 1);
            format!("{key}: {reason}")
        };
        assert!(fault(source(Some("a"), "mic:")).contains("name: two sources are named \"a\""));
        assert!(fault(source(Some("b c"), "mic:")).contains("name: expected"));
        assert!(fault(source(None, "radio:x")).contains("uri: no kind of source begins like \"radio:x\""));
        assert!(fault(source(None, "-")).contains("one source only"));
        assert!(fault(SourceConfig { ring_seconds: 0.1, ..source(None, "mic:") }).contains("0.5 to 60"));
    }
}
