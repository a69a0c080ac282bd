//! Servers that refuse, are away, slow or endless: events go on, each is delivered in the end or told as lost.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::delivery::{WINDOWS, webhook};
use crate::receiver::{Answer, Server};
use crate::world::{World, source};

#[test]
fn a_server_with_trouble_gets_the_same_event_again() {
    let server = Server::start();
    server.answer([Answer::Status(500), Answer::Later(2), Answer::Status(502)]);
    let world = World::start(&format!("{}{}", webhook(&server, WINDOWS), source("mic")));
    let tries: Vec<_> = (0..5).map(|_| server.next()).collect();
    let ids: Vec<&str> = tries.iter().map(|delivery| delivery.header("webhook-id")).collect();
    assert!(ids[..4].iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_ne!(ids[4], ids[0], "then the next");
    assert!(tries[0].body == tries[3].body);
    let waits: Vec<Duration> = tries.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert!(waits[0] >= Duration::from_millis(490), "{waits:?}");
    assert!(waits[1] >= Duration::from_millis(1950), "it was told when to come again: {waits:?}");
    let status = world.status("/webhooks/0", |status| status["state"] == "working");
    assert_eq!(
        (&status["failures"], &status["retries"], &status["dropped"]),
        (&json!(3), &json!(3), &json!(0))
    );
    world.end();
}

#[test]
fn what_a_server_refuses_is_given_up_and_told_and_no_redirect_is_followed() {
    let server = Server::start();
    server.answer([Answer::Redirect, Answer::Status(422)]);
    let mut world =
        World::start(&format!("{}{}", webhook(&server, &format!("{WINDOWS}\nretries = 1")), source("mic")));
    let (first, second, told, next) = (server.next(), server.next(), server.next(), server.next());
    assert_eq!(first.header("webhook-id"), second.header("webhook-id"));
    assert!([&first, &second].iter().all(|delivery| delivery.path.starts_with("/hook/")));
    let gap = told.json();
    let (epoch, seq) = (first.json()["epoch"].as_str().expect("an epoch").to_owned(), first.seq());
    let expected = json!({"type": "gap", "v": 1, "epoch": epoch, "from_seq": seq, "to_seq": seq, "reason": "refused",
        "dropped": 1});
    assert_eq!(gap, expected);
    assert_eq!(told.header("webhook-id"), format!("{epoch}:gap-{seq}-{seq}"));
    assert!(next.seq() > seq);
    world.daemon.wait_for_line("webhook: given up");
    assert_eq!(world.status("/webhooks/0", |status| status["state"] == "working")["dropped"], 1);
    world.end();
}

#[test]
fn a_server_that_is_away_gets_everything_when_it_is_back() {
    let address = {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port");
        free.local_addr().expect("bound")
    };
    let hook = format!(
        "[[webhook]]\nurl = \"http://{address}/\"\ntypes = [\"genre.window\", \"source.state\"]\nretries = 0\n"
    );
    let mut world = World::start(&format!("{hook}{}", source("mic")));
    world.daemon.wait_for_line("webhook: not delivered");
    let status = world.status("/webhooks/0", |status| status["waiting"].as_u64() > Some(4));
    assert_eq!(status["state"], "trying");
    assert!(status["reason"].as_str().expect("a reason").contains("cannot be reached"), "{status}");
    let server = Server::start_at(address);
    // From the very first: refusing is what has an end, being away has none.
    let seqs: Vec<u64> = (0..6).map(|_| server.next().seq()).collect();
    assert_eq!(seqs[..2], [1, 2]);
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    // Away once more, at a connection that was kept.
    let address = server.end();
    world.status("/webhooks/0", |status| status["state"] == "trying");
    let server = Server::start_at(address);
    let first = server.next().seq();
    assert!(first > seqs[5]);
    world.status("/webhooks/0", |status| status["state"] == "working" && status["dropped"] == 0);
    let log = world.daemon.end_with_log();
    assert_eq!(log.matches("webhook: not delivered").count(), 2, "told once an outage: {log}");
}

#[test]
fn what_the_queue_cannot_hold_is_told_before_the_next_delivery() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let hook = format!("[[webhook]]\nurl = \"http://{nobody}/\"\n{WINDOWS}\nqueue = 2\n");
    let world = World::start(&format!("{hook}{}", source("mic")));
    let status = world.status("/webhooks/0", |status| status["dropped"].as_u64() > Some(2));
    assert!(status["waiting"].as_u64() <= Some(2), "{status}");
    let server = Server::start_at(nobody);
    let gap = server.next().json();
    assert_eq!((&gap["type"], &gap["reason"]), (&json!("gap"), &json!("queue_full")));
    assert!(gap["dropped"].as_u64() > Some(2), "{gap}");
    assert!(server.next().seq() > gap["to_seq"].as_u64().expect("a number"));
    world.end();
}

#[test]
fn a_slow_server_and_an_endless_answer_cost_a_limited_time_each() {
    let server = Server::start();
    server.answer([Answer::Slow(Duration::from_secs(60)), Answer::Endless]);
    let world = World::start(&format!(
        "{}{}",
        webhook(&server, &format!("{WINDOWS}\ntimeout_seconds = 1.5")),
        source("mic")
    ));
    let (slow, endless, next) = (server.next(), server.next(), server.next());
    assert_eq!(
        slow.header("webhook-id"),
        endless.header("webhook-id"),
        "it took too long, so it comes again"
    );
    let waited = endless.at - slow.at;
    assert!(waited >= Duration::from_millis(1500) && waited < Duration::from_secs(5), "{waited:?}");
    // The endless answer's head was a success, so the event was taken; only its connection is given up.
    assert!(next.seq() > endless.seq());
    assert_ne!(next.from, endless.from);
    assert!(next.at - endless.at < Duration::from_secs(3), "{:?}", next.at - endless.at);
    world.status("/webhooks/0", |status| status["state"] == "working" && status["waiting"] == 0);
    // And a daemon that ends does not wait for it.
    server.answer([Answer::Slow(Duration::from_secs(60))]);
    server.next();
    let begin = Instant::now();
    world.end();
    assert!(begin.elapsed() < Duration::from_secs(3));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port").port()
}
