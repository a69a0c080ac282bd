//! A folder of state, music to play, and daemons that record there. Touch it when a daemon needs more for its history.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use temp_dir::TempDir;

use super::support::daemon::Daemon;
use super::support::{PATIENCE, music, toy, with_tract, write_wav};

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
        self.daemon_on(&vec!["?speed=20&loop=true"; sources])
    }

    /// A daemon with the small model that plays the clip with each of these queries.
    pub fn daemon_on(&self, queries: &[&str]) -> Daemon {
        let mut command = with_tract("run");
        command.env("GENRECAST_HISTORY__ENABLED", "true").arg("--state-dir").arg(self.state());
        for query in queries {
            command.args(["--source", &self.source(query)]);
        }
        Daemon::start(toy(&mut command))
    }

    /// Waits until the daemon has recorded so many events.
    pub fn settle(&self, daemon: &Daemon, events: u64) {
        let deadline = Instant::now() + PATIENCE;
        while daemon.get("/healthz").1["detail"]["history"]["recorded_seq"].as_u64() < Some(events) {
            assert!(Instant::now() < deadline, "not recorded: {}", daemon.get("/healthz").1);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
