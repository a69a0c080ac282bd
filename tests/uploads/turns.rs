//! Whose turn it is: positions, a full queue, clients that go away, and the end of the daemon in the midst of it.
//! Touch it with the queue.

use std::fs;
use std::io::Write;

use temp_dir::TempDir;

use super::audio::fixture;
use super::client::{begin, configured, daemon, id, post, read, until};

fn head(body: &[u8]) -> String {
    format!("Content-Length: {}\r\n", body.len())
}

#[test]
fn whoever_waits_is_told_its_place_and_whoever_goes_makes_room() {
    let daemon = daemon(&[("WAITING", "2")]);
    let (at, song) = (daemon.address, fixture("stereo.flac"));
    let query = |digit| format!("?id={}", id(digit));
    let (half, rest) = song.split_at(song.len() / 2);
    // The first one has sent a half and holds the only thread.
    let first = begin(at, &query(1), &head(&song), half);
    until(&daemon, &id(1), |progress| progress["state"] == "hearing" && progress["bytes"] == half.len());
    let second = begin(at, &query(2), &head(&song), &song);
    until(&daemon, &id(2), |progress| progress["position"] == 1);
    let mut third = begin(at, &query(3), &head(&song), half);
    let waiting = until(&daemon, &id(3), |progress| progress["position"] == 2);
    assert_eq!(
        (&waiting["state"], &waiting["bytes"]),
        (&"waiting".into(), &0.into()),
        "nothing of it is read"
    );

    let full = post(at, &query(4), &song);
    assert_eq!((full.status, &full.body["error"]["code"]), (503, &"queue_full".into()));
    assert!(full.head.contains("\r\nretry-after: "), "{}", full.head);
    let twice = post(at, &query(1), &song);
    assert!([409, 503].contains(&twice.status), "{}", twice.body);

    // One that waits goes, though all it has sent lies unread.
    drop(second);
    until(&daemon, &id(3), |progress| progress["position"] == 1);
    until(&daemon, &id(2), |progress| progress["state"] == "cancelled");
    // The one that is heard goes: the next one's turn comes, which nothing else could bring.
    drop(first);
    third.write_all(rest).expect("sent");
    let answer = read(third);
    assert_eq!(answer.status, 200, "{}", answer.body);
    until(&daemon, &id(1), |progress| progress["state"] == "cancelled");
    until(&daemon, &id(3), |progress| progress["state"] == "done" && progress["bytes"] == song.len());
    daemon.end();
}

#[test]
fn one_that_sends_nothing_more_is_given_up() {
    let daemon = daemon(&[("IDLE_SECONDS", "1")]);
    let song = fixture("stereo.flac");
    let answer = read(begin(daemon.address, "", &head(&song), &song[..5000]));
    assert_eq!((answer.status, &answer.body["error"]["code"]), (408, &"too_slow".into()), "{}", answer.body);
    let answer = post(daemon.address, "", &song);
    assert_eq!(answer.status, 200, "{}", answer.body);
    daemon.end();
}

#[test]
fn one_that_crawls_is_given_up_and_makes_room() {
    let daemon = daemon(&[("IDLE_SECONDS", "1"), ("WAITING", "1")]);
    let song = fixture("stereo.flac");
    let mut crawling = begin(daemon.address, &format!("?id={}", id(1)), &head(&song), &song[..100]);
    let answered = crawling.try_clone().expect("cloned");
    let next = begin(daemon.address, &format!("?id={}", id(2)), &head(&song), &song);
    // Never silent for long enough to be given up for that.
    let sender = std::thread::spawn(move || {
        for piece in song[100..].chunks(8) {
            if crawling.write_all(piece).is_err() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let answer = read(answered);
    let error = &answer.body["error"];
    assert_eq!((answer.status, &error["code"]), (408, &"too_slow".into()), "{error}");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("next to nothing")), "{error}");
    assert_eq!(read(next).status, 200);
    until(&daemon, &id(1), |progress| progress["state"] == "failed");
    sender.join().expect("no panic");
    daemon.end();
}

#[test]
fn the_end_of_the_daemon_waits_for_no_upload() {
    let daemon = daemon(&[]);
    let song = fixture("stereo.flac");
    let heard = begin(daemon.address, &format!("?id={}", id(1)), &head(&song), &song[..5000]);
    until(&daemon, &id(1), |progress| progress["state"] == "hearing");
    let waiting = begin(daemon.address, &format!("?id={}", id(2)), &head(&song), &song[..5000]);
    until(&daemon, &id(2), |progress| progress["state"] == "waiting");
    daemon.end();
    for stream in [heard, waiting] {
        let answer = read(stream);
        assert_eq!(
            (answer.status, &answer.body["error"]["code"]),
            (503, &"ending".into()),
            "{}",
            answer.body
        );
    }
}

#[test]
fn whoever_came_without_a_token_is_sent_away_when_one_is_asked_for() {
    let place = TempDir::new().expect("a folder");
    let (config, tokens) = (place.path().join("config.toml"), place.path().join("tokens"));
    fs::write(&config, "").expect("written");
    let daemon = configured(&config, &[]);
    let song = fixture("stereo.flac");
    let heard = begin(daemon.address, &format!("?id={}", id(1)), &head(&song), &song[..5000]);
    until(&daemon, &id(1), |progress| progress["state"] == "hearing");
    let waiting = begin(daemon.address, &format!("?id={}", id(2)), &head(&song), &[]);
    until(&daemon, &id(2), |progress| progress["state"] == "waiting");
    fs::write(&tokens, "a-token-of-some-length\n").expect("written");
    fs::write(&config, format!("[server]\ntoken_file = {tokens:?}\n")).expect("written");
    daemon.signal(libc::SIGHUP);
    for stream in [heard, waiting] {
        let answer = read(stream);
        assert_eq!((answer.status, &answer.body["error"]["code"]), (401, &"unauthenticated".into()));
    }
    daemon.end();
}

#[test]
fn uploads_are_switched_off_and_their_threads_give_way() {
    let off = daemon(&[("ENABLED", "false")]);
    let answer = post(off.address, "", b"abc");
    assert_eq!((answer.status, &answer.body["error"]["code"]), (404, &"no_uploads".into()));
    off.end();

    let daemon = daemon(&[("AT_ONCE", "2")]);
    assert_eq!(post(daemon.address, "", &fixture("stereo.flac")).status, 200);
    let mut nice = Vec::new();
    for task in fs::read_dir(format!("/proc/{}/task", daemon.pid())).expect("it runs") {
        let stat = fs::read_to_string(task.expect("a thread").path().join("stat")).expect("it runs");
        let (name, rest) = stat.split_once(") ").expect("a name");
        // The 19th field of the line is the niceness.
        let niceness: i32 = rest.split(' ').nth(16).expect("a field").parse().expect("a number");
        if name.contains("(upload-") {
            nice.push(niceness);
        }
    }
    assert!(nice.len() == 2 && nice.iter().all(|&niceness| niceness >= 10), "{nice:?}");
    daemon.end();
}
