//! The log: its forms, chosen or found out, and what it says of a wrong level.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use temp_dir::TempDir;

use crate::support::daemon::Daemon;
use crate::support::{Ran, genrecast, refused, run, toy, with_tract};

/// Begins to log, and ends at once: the address is taken.
fn speaks(format: &str) -> Ran {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = with_tract("run");
    toy(&mut command).args(["--source", "file:tests/fixtures/audio/mono.wav", "--listen", &address]);
    let ran = run(command.env("GENRECAST_LOG__FORMAT", format));
    assert_eq!(ran.status, Some(8), "{}", ran.stderr);
    ran
}

#[test]
fn without_a_terminal_a_line_is_a_json_object() {
    for format in ["auto", "json"] {
        let ran = speaks(format);
        let logged = ran.stderr.lines().filter(|line| line.starts_with('{'));
        let logged: Vec<Value> = logged.map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let line = logged.iter().find(|line| line["message"] == "configuration").expect("told");
        assert_eq!((&line["level"], &line["path"]), (&"INFO".into(), &"config.toml".into()));
        for key in ["time", "target", "thread"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
    let human = speaks("human").stderr;
    assert!(human.contains("INFO configuration path=config.toml"), "{human}");
    assert!(!human.contains('{') && !human.contains('\u{1b}'), "{human}");
}

#[test]
fn under_systemd_the_journal_is_used_or_its_absence_told_once() {
    let (ours, theirs) = UnixStream::pair().expect("a pair");
    let their_file = std::fs::File::from(theirs.as_fd().try_clone_to_owned().expect("cloned"));
    let meta = their_file.metadata().expect("known");
    let mut command = with_tract("run");
    command
        .args(["--source", "file:tests/fixtures/audio/mono.wav", "--models", "/none"])
        .args(["--model", "none"])
        .env("GENRECAST_LOG__FORMAT", "auto")
        .env("JOURNAL_STREAM", format!("{}:{}", meta.dev(), meta.ino()))
        .stdin(Stdio::null())
        .stderr(Stdio::from(OwnedFd::from(theirs)));
    let status = command.status().expect("the binary starts");
    assert_eq!(status.code(), Some(6));
    drop((command, their_file));
    let mut said = String::new();
    (&ours).read_to_string(&mut said).expect("readable");
    if Path::new("/run/systemd/journal/socket").exists() {
        assert!(!said.contains("configuration"), "not into the journal: {said}");
    } else {
        assert_eq!(said.matches("the journal's socket cannot be reached").count(), 1, "{said}");
        assert!(said.starts_with('{') && said.contains("\"path\":\"config.toml\""), "{said}");
    }
}

/// A station that says another title after every few bytes.
fn restless(mut stream: TcpStream) -> std::io::Result<()> {
    const BETWEEN: usize = 256;
    let mut head = [0; 4096];
    let _ = stream.read(&mut head)?;
    write!(stream, "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-metaint: {BETWEEN}\r\n\r\n")?;
    let song = std::fs::read("tests/fixtures/audio/mono.mp3")?;
    for (number, chunk) in song.chunks_exact(BETWEEN).enumerate() {
        let mut title = format!("StreamTitle='title {number}';").into_bytes();
        title.resize(title.len().next_multiple_of(16), 0);
        stream.write_all(chunk)?;
        stream.write_all(&[u8::try_from(title.len() / 16).expect("short")])?;
        stream.write_all(&title)?;
    }
    Ok(())
}

#[test]
fn a_station_that_changes_its_title_all_the_time_does_not_fill_the_log() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = listener.local_addr().expect("an address");
    // It ends with this program; each connection that the daemon makes is played to its end.
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(restless(stream))));
    let mut command = with_tract("run");
    toy(&mut command).args(["--source", &format!("http://{at}/#pace=off")]);
    let mut daemon = Daemon::start(&mut command);
    let told = daemon.wait_for_line("too many lines of this kind");
    assert!(told.contains("what=\"track\"") && told.contains("about="), "{told}");
    let log = daemon.end_with_log();
    let titles = log.lines().filter(|line| line.contains("title=\"title ")).count();
    assert!((10..=30).contains(&titles), "{titles} titles in {log}");
}

#[test]
fn a_wrong_level_or_form_is_refused_with_key_and_place() {
    let place = TempDir::new().expect("a folder");
    let path = place.path().join("mine.toml");
    let mine = path.to_str().expect("UTF-8");
    for (line, key) in [("level = \"inof\"", "log.level"), ("format = \"xml\"", "log.format")] {
        std::fs::write(&path, format!("[log]\n{line}\n")).expect("written");
        let ran = run(genrecast("run").env_remove("GENRECAST_LOG__FORMAT").args(["--config", mine]));
        refused(&ran, 2, &["mine.toml, line 2", key, "expected", line.split('"').nth(1).expect("quoted")]);
    }
    let ran = run(with_tract("run").env("GENRECAST_LOG__LEVEL", "genrecast=loud"));
    refused(&ran, 2, &["GENRECAST_LOG__LEVEL: log.level", "genrecast=loud"]);
}
