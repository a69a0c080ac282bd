//! A daemon with the quick model and a broker to tell. Touch it when trials need another configuration.

use std::time::{Duration, Instant};

use serde_json::Value;
use temp_dir::TempDir;

use crate::support::daemon::Daemon;
use crate::support::{PATIENCE, genrecast, music, write_wav};

pub struct World {
    pub place: TempDir,
    pub daemon: Daemon,
}

/// A source that plays for ever.
pub fn source(name: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\nuri = \"file:CLIP?loop=true\"\n")
}

impl World {
    /// Starts with these lines of configuration; `CLIP` and `PLACE` in them stand for the music and the folder.
    pub fn start(text: &str) -> Self {
        Self::start_in(TempDir::new().expect("a folder"), text)
    }

    /// In a folder that has seen a daemon before.
    pub fn start_in(place: TempDir, text: &str) -> Self {
        let clip = place.child("clip.wav");
        if !clip.exists() {
            write_wav(&clip, 22_050, 1, &music(22_050, 20.0));
        }
        write(&place, text);
        let mut command = genrecast("run");
        command.env("GENRECAST_GATE__MODEL", "off").args(["--runtime", "tract", "--config"]);
        command.arg(place.child("config.toml")).arg("--state-dir").arg(place.child("state"));
        let daemon = Daemon::start(&mut command);
        Self { place, daemon }
    }

    /// Writes another configuration and has it read.
    pub fn reload(&mut self, text: &str) {
        write(&self.place, text);
        self.daemon.signal(libc::SIGHUP);
        self.daemon.wait_for_line("configuration read again");
    }

    /// What `/healthz` tells of an output, once this holds of it.
    pub fn status(&self, pointer: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let (_, health) = self.daemon.get("/healthz");
            let status = health["detail"].pointer(pointer).cloned().unwrap_or_default();
            if holds(&status) {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "{pointer}: {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// SIGTERM, a clean end within two seconds; gives the folder back.
    pub fn end(self) -> TempDir {
        self.daemon.end();
        self.place
    }
}

fn write(place: &TempDir, text: &str) {
    let text = text
        .replace("CLIP", &place.child("clip.wav").display().to_string())
        .replace("PLACE", &place.path().display().to_string());
    let text = format!("[model]\nid = \"toy-window\"\nfolder = \"tests/fixtures/models\"\n{text}");
    std::fs::write(place.child("config.toml"), text).expect("written");
}
