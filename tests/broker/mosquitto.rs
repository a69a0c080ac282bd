//! A Mosquitto of our own on free ports, which can be killed, held and started again. What it keeps survives that. Touch it
//! when it needs another setting.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use temp_dir::TempDir;

pub struct Mosquitto {
    pub port: u16,
    /// Where TLS is spoken, if it is.
    pub secure_port: Option<u16>,
    folder: TempDir,
    process: Child,
}

/// What a broker asks of its clients.
#[derive(Default)]
pub struct Wishes<'a> {
    /// User and password.
    pub login: Option<(&'a str, &'a str)>,
    /// Certificate and key (PEM), for a second port.
    pub tls: Option<(&'a str, &'a str)>,
}

/// Debian has it in /usr/sbin, which is not on everybody's path.
pub fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    folders.map(|folder| folder.join("mosquitto")).find(|path| path.is_file())
}

impl Mosquitto {
    pub fn start() -> Self {
        Self::with(&Wishes::default())
    }

    pub fn with(wishes: &Wishes<'_>) -> Self {
        let folder = TempDir::new().expect("a folder");
        // Started by root it becomes somebody else, who keeps its database here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("set");
        let (port, secure_port) = (free_port(), wishes.tls.map(|_| free_port()));
        let place = folder.path().display();
        let mut text = format!(
            "listener {port} 127.0.0.1\npersistence true\npersistence_location {place}/\n\
             autosave_on_changes true\nautosave_interval 1\nlog_dest file {place}/log\nlog_type all\n"
        );
        match wishes.login {
            None => text.push_str("allow_anonymous true\n"),
            Some((user, password)) => {
                let passwords = folder.child("passwords");
                let made = Command::new("mosquitto_passwd")
                    .args(["-b", "-c"])
                    .arg(&passwords)
                    .args([user, password])
                    .status()
                    .expect("mosquitto_passwd comes with mosquitto");
                assert!(made.success());
                fs::set_permissions(&passwords, fs::Permissions::from_mode(0o644)).expect("set");
                text.push_str(&format!("allow_anonymous false\npassword_file {}\n", passwords.display()));
            }
        }
        if let (Some((certificate, key)), Some(port)) = (wishes.tls, secure_port) {
            for (name, pem) in [("server.pem", certificate), ("server.key", key)] {
                fs::write(folder.child(name), pem).expect("written");
                fs::set_permissions(folder.child(name), fs::Permissions::from_mode(0o644)).expect("set");
            }
            text.push_str(&format!(
                "listener {port} 127.0.0.1\ncertfile {place}/server.pem\nkeyfile {place}/server.key\n"
            ));
        }
        fs::write(folder.child("mosquitto.conf"), text).expect("written");
        let process = launch(&folder, port);
        Self { port, secure_port, folder, process }
    }

    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// As a crash would.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub fn restart(&mut self) {
        self.process = launch(&self.folder, self.port);
    }

    /// SIGSTOP: its connections stay, and nothing moves on them. SIGCONT ends it.
    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.process.id()).expect("a process id");
        // SAFETY: plain system call on our own child, which has not been waited for.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.child("log")).unwrap_or_default()
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("mosquitto's log:\n{}", self.log());
        }
    }
}

/// `[mqtt]` with this broker and these further lines.
pub fn mqtt(url: &str, more: &str) -> String {
    format!("[mqtt]\nurl = \"{url}\"\n{more}\n")
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port()
}

fn launch(folder: &TempDir, port: u16) -> Child {
    let mut process = Command::new(program().expect("there is one"))
        .arg("-c")
        .arg(folder.child("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("mosquitto starts");
    let begin = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(process.try_wait().expect("our child").is_none(), "mosquitto has ended");
        assert!(begin.elapsed() < Duration::from_secs(30), "mosquitto does not answer");
        std::thread::sleep(Duration::from_millis(20));
    }
    process
}
