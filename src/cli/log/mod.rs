//! The log on standard error: its form, and its level, which may change while the program runs.
//! Touch it to add a form; one file each.

mod fields;
mod journal;
mod json;
#[cfg(test)]
mod kept;
mod limit;

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use anyhow::anyhow;
use genrecast::config::{LogConfig, LogFormat, log_filter};
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use super::exit::{Failure, Status};
use journal::Journal;
use json::JsonLines;
use limit::Limited;

/// Changes the level of the log that runs.
#[derive(Clone)]
pub(super) struct LogHandle(reload::Handle<EnvFilter, Registry>);

impl LogHandle {
    /// From now on `level`, a level or a filter as in `log.level`, decides what is written.
    ///
    /// # Errors
    /// In words, what was expected and what came; nothing has changed then.
    pub fn set_level(&self, level: &str) -> Result<(), String> {
        self.0.reload(log_filter(level)?).map_err(|error| error.to_string())
    }
}

/// Begins to log to standard error.
///
/// # Errors
/// [`Failure`] if the filter is none, or if something logs already.
pub(super) fn start(config: &LogConfig) -> Result<LogHandle, Failure> {
    let (layer, unreachable) = layer(config.format);
    // Libraries that speak through `log` are let through as far as the first filter goes, for good; the layer's own
    // filter then decides. So the first one lets everything through.
    let (filter, handle) = reload::Layer::new(EnvFilter::new("trace"));
    tracing_subscriber::registry()
        .with(filter)
        .with(Limited::new(layer))
        .try_init()
        .map_err(|error| Failure::new(Status::Other, anyhow!("cannot log: {error}")))?;
    let handle = LogHandle(handle);
    handle
        .set_level(&config.level)
        .map_err(|reason| Failure::new(Status::Usage, anyhow!("log.level: {reason}")))?;
    if let Some(error) = unreachable {
        tracing::warn!(%error, "the journal's socket cannot be reached: the log is JSON on standard error instead");
    }
    Ok(handle)
}

type Boxed = Box<dyn Layer<Layered<reload::Layer<EnvFilter, Registry>, Registry>> + Send + Sync>;

/// What writes the lines, and why it is not the journal if that was wanted.
fn layer(format: LogFormat) -> (Boxed, Option<std::io::Error>) {
    let terminal = std::io::stderr().is_terminal();
    let json = || fmt::layer().event_format(JsonLines).with_writer(std::io::stderr).boxed();
    match format {
        LogFormat::Auto if terminal => layer(LogFormat::Human),
        LogFormat::Auto if stderr_is_the_journal() => layer(LogFormat::Journald),
        LogFormat::Auto | LogFormat::Json => (json(), None),
        LogFormat::Human => {
            let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
            (fmt::layer().with_writer(std::io::stderr).with_ansi(colours).with_target(false).boxed(), None)
        }
        LogFormat::Journald => match Journal::connect() {
            Ok(journal) => (journal.boxed(), None),
            Err(error) => (json(), Some(error)),
        },
    }
}

/// True if standard error is the stream that systemd connected to the journal: it tells device and inode in
/// `JOURNAL_STREAM`, because a redirection may have taken the stream's place since.
fn stderr_is_the_journal() -> bool {
    let Ok(stderr) = std::io::stderr().as_fd().try_clone_to_owned() else { return false };
    let Ok(actual) = std::fs::File::from(stderr).metadata() else { return false };
    std::env::var("JOURNAL_STREAM").is_ok_and(|told| told == format!("{}:{}", actual.dev(), actual.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_changes_while_it_runs_and_a_wrong_one_changes_nothing() {
        let (filter, handle) = reload::Layer::new(log_filter("info").expect("valid"));
        let handle = LogHandle(handle);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(filter), || {
            let enabled = || tracing::enabled!(target: "genrecast::source", tracing::Level::DEBUG);
            assert!(!enabled());
            handle.set_level("info,genrecast::source=debug").expect("valid");
            assert!(enabled());
            assert!(handle.set_level("inof").expect_err("misspelt").contains("\"inof\""));
            assert!(enabled());
            handle.set_level("off").expect("valid");
            assert!(!enabled());
        });
    }
}
