//! Reads the configuration again for a daemon that runs: everything is checked before anything changes.
//! Touch it when more than the daemon itself depends on the configuration, as the log does.

use std::path::Path;

use anyhow::anyhow;
use genrecast::config::{Config, Flag, Loaded};
use genrecast::daemon::{Adjustable, ReloadError, Reloaded};
use genrecast::source::SourceSpec;

use super::exit::{Failure, Status};
use super::log::LogHandle;
use super::{CommonArguments, setup, sources};

/// Remembers what the daemon was started with and what it runs by now.
pub(super) struct Rereader<'a> {
    arguments: &'a CommonArguments,
    flags: Vec<Flag>,
    running: Loaded,
    log: LogHandle,
}

impl<'a> Rereader<'a> {
    /// The environment and the flags still override the file.
    pub fn new(arguments: &'a CommonArguments, flags: Vec<Flag>, running: Loaded, log: LogHandle) -> Self {
        Self { arguments, flags, running, log }
    }

    /// Reads it again; `running` are the sources that play now.
    pub fn read(&mut self, running: &[SourceSpec]) -> Result<Reloaded, ReloadError> {
        self.try_read(running).map_err(|failure| ReloadError(failure.to_string()))
    }

    fn try_read(&mut self, running: &[SourceSpec]) -> Result<Reloaded, Failure> {
        // The same file as before, even if it is gone: falling back to another would silently be another daemon.
        let file = self.running.file.as_deref();
        let new = setup::configuration_from(file, self.arguments, self.flags.clone())?;
        let specs = sources::sources(&new)?;
        let added = || specs.iter().filter(|spec| !running.contains(spec));
        sources::playable(added())?;
        // Models are looked for where they were at the start: another folder waits for a restart.
        sources::hearable(added(), &setup::catalogue(&self.running.config))?;
        let adjustable = setup::adjustable(&new.config, specs)?;
        self.stay_closed(&new.config, &adjustable)?;
        self.log
            .set_level(&new.config.log.level)
            .map_err(|reason| Failure::new(Status::Usage, anyhow!("log.level: {reason}")))?;
        let changes = self.running.changes(&new);
        let (live, waiting): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.live);
        self.running.adopt(&new);
        self.running.file = new.file;
        let from =
            self.running.file.as_deref().map_or("the compiled-in default".into(), Path::to_string_lossy);
        Ok(Reloaded {
            from: from.into_owned(),
            adjustable,
            applied: live.iter().map(ToString::to_string).collect(),
            waiting: waiting.iter().map(ToString::to_string).collect(),
        })
    }

    /// The address stays the one of the start, so a token may go only if that one may do without.
    fn stay_closed(&self, new: &Config, adjustable: &Adjustable) -> Result<(), Failure> {
        let listens_at = self.running.config.server.listen;
        if listens_at.ip().is_loopback()
            || adjustable.live.tokens.is_some()
            || new.server.allow_unauthenticated
        {
            return Ok(());
        }
        let reason = anyhow!(
            "server.token_file: {listens_at} is reachable from other machines, and another server.listen needs a restart; \
             keep the token until then"
        );
        Err(Failure::new(Status::Usage, reason))
    }
}
