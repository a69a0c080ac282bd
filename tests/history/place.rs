//! A folder of state, music to play, and daemons that record there. Touch it when a daemon needs more for its history.

use std::path::PathBuf;

use temp_dir::TempDir;

use super::support::daemon::Daemon;
use super::support::{music, toy, with_tract, write_wav};

pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        write_wav(&folder.child("clip.wav"), 22_050, 1, &music(22_050, 20.0));
        Self { folder }
    }

    pub fn state(&self) -> PathBuf {
        self.folder.child("state")
    }

    /// The clip as a source with this query.
    pub fn source(&self, query: &str) -> String {
        format!("file:{}{query}", self.folder.child("clip.wav").display())
    }

    /// A daemon with the small model that plays the clip so many times at once, over and over, at twenty times its speed.
    pub fn daemon(&self, sources: usize) -> Daemon {
        let source = self.source("?speed=20&loop=true");
        let mut command = with_tract("run");
        command.env("GENRECAST_HISTORY__ENABLED", "true").arg("--state-dir").arg(self.state());
        for _ in 0..sources {
            command.args(["--source", &source]);
        }
        Daemon::start(toy(&mut command))
    }
}
