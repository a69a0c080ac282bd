//! An Icecast of our own on a free port, which can be killed, held and started again. Touch it when it needs another setting.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use temp_dir::TempDir;

/// For sources and for the administrator.
pub const PASSWORD: &str = "hackme";

pub struct Station {
    pub port: u16,
    folder: TempDir,
    process: Child,
}

/// Whether there is a program of that name.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

impl Station {
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port();
        let folder = TempDir::new().expect("a directory");
        // Who runs it as root must let it become nobody, who writes its log here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("set");
        fs::write(folder.child("icecast.xml"), settings(port, folder.path())).expect("written");
        let process = launch(folder.path(), port);
        Self { port, folder, process }
    }

    pub fn url(&self, mount: &str) -> String {
        format!("http://127.0.0.1:{}/{mount}", self.port)
    }

    /// As a crash would.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    pub fn restart(&mut self) {
        self.process = launch(self.folder.path(), self.port);
    }

    /// SIGSTOP: its connections stay, and nothing moves on them. SIGCONT ends it.
    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.process.id()).expect("a process id");
        // SAFETY: plain system call on our own child, which has not been waited for.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Sets the title of a mount, as a broadcaster's program does.
    pub fn set_title(&self, mount: &str, title: &str) {
        let song: String = title.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer =
            self.ask(&format!("/admin/metadata?mount=/{mount}&mode=updinfo&charset=UTF-8&song={song}"));
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    /// Waits until something is broadcast there.
    pub fn wait_for_mount(&self, mount: &str) {
        let begin = Instant::now();
        while !self.ask("/admin/listmounts").contains(&format!("mount=\"/{mount}\"")) {
            assert!(begin.elapsed() < Duration::from_secs(30), "nobody broadcasts {mount}: {}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn ask(&self, path: &str) -> String {
        ask(self.port, path)
            .unwrap_or_else(|error| panic!("Icecast does not answer ({error}): {}", self.log()))
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.child("error.log")).unwrap_or_default()
    }
}

impl Drop for Station {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What it answers to a request of the administrator.
fn ask(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // admin:hackme
    let secret = "YWRtaW46aGFja21l";
    write!(stream, "GET {path} HTTP/1.0\r\nHost: x\r\nAuthorization: Basic {secret}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Starts it and waits until it answers. Icecast 2.4.4 itself may crash when somebody connects while it is starting (seen
/// as a segmentation fault in the kernel's log), so one that has ended is started anew.
fn launch(folder: &Path, port: u16) -> Child {
    let begin = Instant::now();
    loop {
        let mut process = Command::new("icecast2")
            .arg("-c")
            .arg(folder.join("icecast.xml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("icecast2 starts");
        while process.try_wait().expect("our child").is_none() {
            assert!(begin.elapsed() < Duration::from_secs(30), "icecast2 does not answer");
            std::thread::sleep(Duration::from_millis(200));
            let answers =
                ask(port, "/admin/listmounts").is_ok_and(|answer| answer.starts_with("HTTP/1.0 200"));
            if answers && process.try_wait().expect("our child").is_none() {
                return process;
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "icecast2 ends whenever it is started");
    }
}

fn settings(port: u16, folder: &Path) -> String {
    // SAFETY: takes nothing and cannot fail.
    let is_root = unsafe { libc::geteuid() } == 0;
    let owner =
        if is_root { "<changeowner><user>nobody</user><group>nogroup</group></changeowner>" } else { "" };
    let folder = folder.display();
    format!(
        "<icecast><hostname>localhost</hostname>\
         <limits><clients>100</clients><sources>20</sources><burst-size>65536</burst-size></limits>\
         <authentication><source-password>{PASSWORD}</source-password>\
         <admin-user>admin</admin-user><admin-password>{PASSWORD}</admin-password></authentication>\
         <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>\
         <paths><logdir>{folder}</logdir><webroot>/usr/share/icecast2/web</webroot>\
         <adminroot>/usr/share/icecast2/admin</adminroot></paths>\
         <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>2</loglevel></logging>\
         <security><chroot>0</chroot>{owner}</security></icecast>"
    )
}
