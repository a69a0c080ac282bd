//! A PulseAudio of the trial's own, whose microphone hears what is played. Touch it when it must be set up otherwise.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use temp_dir::TempDir;

use super::process::{Running, within};

const TOOLS: [&str; 3] = ["pulseaudio", "pactl", "paplay"];

const SET_UP: &str = "\
load-module module-native-protocol-unix auth-anonymous=1
load-module module-null-sink sink_name=mic rate=48000 channels=1
set-default-sink mic
set-default-source mic.monitor
";

/// A running PulseAudio with a null sink whose monitor is the default microphone.
pub struct SoundServer {
    running: Running,
    folder: TempDir,
}

/// A tool that is needed and not there.
pub fn missing() -> Option<&'static str> {
    let works = |tool: &str| {
        let mut command = Command::new(tool);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    TOOLS.into_iter().find(|tool| !works(tool))
}

impl SoundServer {
    pub fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        for name in ["run", "home"] {
            DirBuilder::new().mode(0o700).create(folder.child(name)).expect("created");
        }
        fs::write(folder.child("set-up.pa"), SET_UP).expect("written");
        // Some systems have another default; cpal must find this server.
        fs::write(folder.child("home/.asoundrc"), "pcm.!default { type pulse }\n").expect("written");
        Self { running: launch(folder.path()), folder }
    }

    /// A command that finds this server, and nothing of the person who runs the tests.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        command(self.folder.path(), program.as_ref())
    }

    /// A path for a file of the trial.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.child(name)
    }

    /// Plays a WAV file; ends when all of it has been played.
    pub fn play(&self, wav: &Path) -> Running {
        Running::start(self.command("paplay").arg(wav))
    }

    /// Takes away every null sink, and with them the microphones.
    pub fn unplug(&self) {
        self.control(&["unload-module", "module-null-sink"]);
    }

    /// Adds a null sink; its monitor becomes the default microphone.
    pub fn plug_in(&self, name: &str, format: &[&str]) {
        let named = format!("sink_name={name}");
        self.control(&[&["load-module", "module-null-sink", &named], format].concat());
        self.control(&["set-default-source", &format!("{name}.monitor")]);
    }

    fn control(&self, arguments: &[&str]) {
        let answer = self.command("pactl").args(arguments).output().expect("pactl runs");
        assert!(answer.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&answer.stderr));
    }

    /// Kills the server as a crash would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    pub fn restart(&mut self) {
        self.running = launch(self.folder.path());
    }
}

fn command(folder: &Path, program: &Path) -> Command {
    let mut command = Command::new(program);
    for (key, _) in std::env::vars_os() {
        if key
            .to_str()
            .is_some_and(|key| ["GENRECAST_", "PULSE_", "ALSA_"].iter().any(|p| key.starts_with(p)))
        {
            command.env_remove(key);
        }
    }
    // With the server named, nobody starts one by himself while it is gone.
    command
        .env("PULSE_SERVER", format!("unix:{}", folder.join("run/pulse/native").display()))
        .env("XDG_RUNTIME_DIR", folder.join("run"))
        .env("XDG_CONFIG_HOME", folder.join("home/.config"))
        .env("HOME", folder.join("home"))
        .stdin(Stdio::null());
    command
}

/// Starts it and waits until it answers.
fn launch(folder: &Path) -> Running {
    let log_path = folder.join("pulseaudio.log");
    let log = File::create(&log_path).expect("created");
    let mut pulseaudio = command(folder, Path::new("pulseaudio"));
    pulseaudio
        .arg("-n")
        .arg("-F")
        .arg(folder.join("set-up.pa"))
        .args(["--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"])
        .args(["--realtime=no", "--high-priority=no"])
        .env_remove("PULSE_SERVER")
        .stdout(Stdio::null())
        .stderr(log);
    let mut running = Running::start(&mut pulseaudio);
    within(Duration::from_secs(10), "PulseAudio answers", || {
        if let Some(status) = running.ended() {
            panic!("PulseAudio ended ({status}): {}", fs::read_to_string(&log_path).unwrap_or_default());
        }
        let answer = command(folder, Path::new("pactl")).arg("info").output().expect("pactl runs");
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        text.contains("mic.monitor").then_some(())
    });
    running
}
