//! A disk that is really full: a small one of our own (tmpfs), which only root can make; else it counts as ignored.

mod support;

#[path = "history/place.rs"]
mod place;

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use place::Place;
use support::daemon::Daemon;
use support::subscriber::Subscriber;

/// A mounted tmpfs, until it is dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None` where nothing can be mounted.
    fn new(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at);
        let mounted = mount.output().is_ok_and(|ran| ran.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

fn main() {
    let probe = Place::new();
    let possible = Disk::new(&probe.state(), "1m").is_some();
    let trial = Trial::test("a_full_disk_stops_no_event_and_is_survived", full).with_ignored_flag(!possible);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

fn trouble(daemon: &Daemon) -> (String, String) {
    let detail = daemon.get("/healthz").1["detail"]["history"].clone();
    let word = |field: &str| detail[field].as_str().unwrap_or_default().to_owned();
    (word("state"), word("trouble"))
}

fn full() -> Result<(), Failed> {
    let place = Place::new();
    let disk = Disk::new(&place.state(), "1m").ok_or("no disk")?;
    let mut daemon = place.daemon(3);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut subscriber = runtime.block_on(Subscriber::from_start(daemon.address));
    // Whatever else lies on the disk leaves no room.
    let ballast = place.state().join("ballast");
    let mut size = 1 << 20;
    while size > 512 {
        let more = vec![0; size];
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&ballast)?;
        if std::io::Write::write_all(&mut file, &more).is_err() {
            size /= 2;
        }
    }
    daemon.wait_for_line("not recording");
    // What little it had reserved before may still take a few events in.
    while trouble(&daemon) != ("failing".into(), "full".into()) {
        daemon.wait_for_line("not recording");
    }
    // Events go on meanwhile, and are all recorded when there is room again.
    let mut seen = Vec::new();
    runtime.block_on(async {
        while seen.len() < 300 {
            seen.push(subscriber.event().await);
        }
    });
    assert!(seen.iter().zip(1..).all(|(event, seq)| event.seq == seq));
    std::fs::remove_file(&ballast)?;
    daemon.wait_for_line("recording again");
    place.settle(&daemon, 300);
    let reader = genrecast::history::Reader::open(&place.state())?;
    for event in &seen {
        let page = reader.epoch_page(&event.epoch, event.seq - 1, &Default::default(), 1)?;
        let items = page.ok_or("the epoch is not known")?.items;
        let [genrecast::history::Item::Event(record)] = &items[..] else { return Err("missing".into()) };
        assert_eq!(record.json, serde_json::to_string(event)?);
    }
    assert_eq!(trouble(&daemon), ("recording".into(), String::new()));
    drop(reader);
    daemon.end();
    drop(disk);
    Ok(())
}
