//! `[log]`: how much the daemon says and in what form. Touch it when the log gets another form.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogConfig {
    /// A level or a filter; see [`log_filter`].
    pub level: String,
    /// The form of a line.
    pub format: LogFormat,
}

/// The form in which log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Whatever fits standard error.
    Auto,
    /// Text for people.
    Human,
    /// One JSON object a line.
    Json,
    /// The native protocol of systemd's journal.
    Journald,
}

/// The filter that `log.level` asks for. A bare level is meant for the daemon; libraries speak up from `warn` on.
///
/// # Errors
/// In words, what was expected and what came.
pub fn log_filter(level: &str) -> Result<EnvFilter, String> {
    const BARE: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];
    let expected = |why: String| {
        format!(
            "expected error, warn, info, debug, trace, off or a filter such as \"info,genrecast::source=debug\", got {level:?}{why}"
        )
    };
    if BARE.contains(&level) {
        let libraries = if matches!(level, "error" | "off") { level } else { "warn" };
        // That a sound server is gone is told by us, in better words.
        return EnvFilter::try_new(format!("{libraries},pulseaudio=off,genrecast={level}"))
            .map_err(|error| expected(format!(" ({error})")));
    }
    // The parser would take a misspelt level for the name of a module.
    let is_filter = |part: &str| part.contains(['=', '[', ':']) || BARE.contains(&part);
    if level.split(',').any(|part| !is_filter(part.trim())) {
        return Err(expected(String::new()));
    }
    // At trace it tells every message, and a client's first may be a token.
    EnvFilter::try_new(format!("{level},tungstenite::protocol=warn"))
        .map_err(|error| expected(format!(" ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_taken_and_anything_else_is_refused() {
        for level in ["info", "trace", "off", "info,genrecast::source=debug", "warn,genrecast[window]=trace"]
        {
            assert!(log_filter(level).is_ok(), "{level}");
        }
        for level in ["", "inof", "info,deubg", "genrecast=loud", "5"] {
            let error = log_filter(level).expect_err(level);
            assert!(
                error.starts_with("expected error, warn") && error.contains(&format!("{level:?}")),
                "{error}"
            );
        }
    }

    #[test]
    fn libraries_stay_quiet_under_a_bare_level() {
        let text = |level: &str| {
            let text = log_filter(level).expect("valid").to_string();
            let mut parts: Vec<_> = text.split(',').map(str::to_owned).collect();
            parts.sort();
            parts.join(",")
        };
        assert_eq!(text("debug"), "genrecast=debug,pulseaudio=off,warn");
        assert_eq!(text("off"), "genrecast=off,off,pulseaudio=off");
    }
}
