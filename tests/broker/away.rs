//! The broker is away, hangs, or never was there: events go on as if nothing were, and it gets them later. Touch it when what
//! is promised of such times changes.

use std::time::{Duration, Instant, SystemTime};

use genrecast::event::Event;
use serde_json::{Value, json};

use crate::listener::Listener;
use crate::mosquitto::{Mosquitto, free_port, mqtt};
use crate::support::subscriber::Subscriber;
use crate::world::{World, source};

/// How long the broker is away.
const AWAY: Duration = Duration::from_secs(6);

/// The longest that an event may take to a subscriber on the same machine, however busy that is.
const MOST: u128 = 3000;

const WINDOWS: &str = "types = [\"genre.window\"]";

/// Events that come to a subscriber in a stretch of time. Of those that were published in it, how long they took.
async fn watch(subscriber: &mut Subscriber, time: Duration) -> Vec<(Event, Option<Duration>)> {
    let (begin, end) = (SystemTime::now(), Instant::now() + time);
    let mut all = Vec::new();
    while Instant::now() < end {
        let event = subscriber.event().await;
        let published = SystemTime::from(event.time);
        let took = SystemTime::now().duration_since(published).unwrap_or_default();
        all.push((event, (published >= begin).then_some(took)));
    }
    all
}

/// The median in milliseconds.
fn report(when: &str, events: &[(Event, Option<Duration>)]) -> u128 {
    let mut took: Vec<_> = events.iter().filter_map(|(_, took)| took.map(|took| took.as_millis())).collect();
    took.sort_unstable();
    let (median, most) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{when}: {} events, median {median} ms, most {most} ms", took.len());
    assert!(most < MOST, "{when}: {took:?}");
    median
}

/// The next windows that the broker is told of, by `seq`.
fn told(listener: &Listener, up_to: u64) -> Vec<u64> {
    let mut told = Vec::new();
    while told.last().is_none_or(|last| *last < up_to) {
        let message = listener.wait(|message| message.topic.ends_with("/event"));
        told.push(message.json()["seq"].as_u64().expect("a number"));
    }
    told
}

pub fn killed() {
    let mut broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let world = World::start(&format!("{}{}", mqtt(&broker.url(), WINDOWS), source("mic")));
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut subscriber = runtime.block_on(Subscriber::from_start(world.daemon.address));
    listener.wait(|message| message.topic == "genrecast/mic/event");

    let with = runtime.block_on(watch(&mut subscriber, Duration::from_secs(3)));
    broker.kill();
    let without = runtime.block_on(watch(&mut subscriber, AWAY));
    let status = world.status("/mqtt", |status| status["state"] == "trying");
    assert!(status["reason"].as_str().expect("a reason").contains("broker"), "{status}");
    assert!(status["remedy"].is_string() && status["waiting"].as_u64() > Some(2), "{status}");
    broker.restart();
    let back = Instant::now();
    world.status("/mqtt", |status| status["state"] == "working" && status["waiting"] == 0);
    println!("the daemon is back after {:.1} s", back.elapsed().as_secs_f64());
    let after = runtime.block_on(watch(&mut subscriber, Duration::from_secs(2)));
    let usual = report("with the broker", &with);
    let median = report("without it", &without);
    assert!(median <= 3 * usual + 100, "{median} ms, and {usual} ms with the broker");
    report("with it again", &after);

    let all: Vec<_> = with.into_iter().chain(without).chain(after).map(|(event, _)| event).collect();
    let seqs: Vec<u64> =
        all.iter().filter(|event| event.body.type_name() == "genre.window").map(|event| event.seq).collect();
    let last = *seqs.last().expect("windows");
    let mut heard = told(&listener, last);
    // At least once: what was on its way when the broker died may come twice, and never is anything left out.
    heard.sort_unstable();
    heard.dedup();
    let first = heard[0];
    let expected: Vec<u64> = seqs.into_iter().filter(|seq| *seq >= first).collect();
    assert_eq!(heard, expected);
    world.end();
}

pub fn hangs() {
    let broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let world = World::start(&format!("{}{}", mqtt(&broker.url(), WINDOWS), source("mic")));
    let first = listener.wait(|message| message.topic == "genrecast/mic/event").json();
    broker.signal(libc::SIGSTOP);
    let held = Instant::now();
    let status = world.status("/mqtt", |status| status["state"] == "trying");
    let noticed = held.elapsed();
    println!("noticed after {:.1} s", noticed.as_secs_f64());
    assert!(noticed < Duration::from_secs(15), "{noticed:?}");
    assert!(status["reason"].as_str().expect("a reason").contains("acknowledgement"), "{status}");
    broker.signal(libc::SIGCONT);
    world.status("/mqtt", |status| status["state"] == "working" && status["waiting"] == 0);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let events = runtime.block_on(async {
        let mut subscriber = Subscriber::from_start(world.daemon.address).await;
        let newest = world.daemon.get("/v1/now").1["sources"][0]["window"]["seq"].as_u64().expect("a window");
        subscriber.events_until(|event| event.seq == newest).await
    });
    let windows =
        events.iter().filter(|event| event.body.type_name() == "genre.window").map(|event| event.seq);
    let first = first["seq"].as_u64().expect("a number");
    let expected: Vec<u64> = windows.filter(|seq| *seq > first).collect();
    let mut heard = told(&listener, *expected.last().expect("windows"));
    // The first may have been heard and its acknowledgement held: then it comes twice.
    heard.retain(|seq| *seq > first);
    heard.sort_unstable();
    heard.dedup();
    assert_eq!(heard, expected);
    world.end();
}

pub fn overflow() {
    let mut broker = Mosquitto::start();
    let listener = Listener::new(broker.port);
    let settings = mqtt(&broker.url(), &format!("{WINDOWS}\nqueue = 3"));
    let world = World::start(&format!("{settings}{}", source("mic")));
    listener.wait(|message| message.topic == "genrecast/mic/event");
    broker.kill();
    let status = world.status("/mqtt", |status| status["dropped"].as_u64() > Some(2));
    assert!(status["waiting"].as_u64() <= Some(3), "{status}");
    broker.restart();
    let mut events = Vec::new();
    let gap = loop {
        let message =
            listener.wait(|message| message.topic.ends_with("/event") || message.topic.ends_with("/gap"));
        if message.topic == "genrecast/gap" {
            break message.json();
        }
        events.push(message.json()["seq"].as_u64().expect("a number"));
    };
    let next = listener.wait(|message| message.topic.ends_with("/event")).json();
    let number = |value: &Value, key: &str| value[key].as_u64().expect("a number");
    assert_eq!((&gap["type"], &gap["reason"]), (&json!("gap"), &json!("queue_full")));
    assert!(number(&gap, "dropped") > 2, "{gap}");
    assert!(number(&gap, "to_seq") < number(&next, "seq"), "{gap} {next}");
    assert!(events.iter().all(|seq| *seq < number(&gap, "from_seq")), "{events:?} {gap}");
    world.end();
}

pub fn never_there() {
    let port = free_port();
    let mut world =
        World::start(&format!("{}{}", mqtt(&format!("mqtt://127.0.0.1:{port}"), ""), source("mic")));
    world.daemon.wait_for_line("MQTT: not connected");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut subscriber = Subscriber::from_start(world.daemon.address).await;
        subscriber.events_until(|event| event.body.type_name() == "genre.window").await;
    });
    let status = world.status("/mqtt", |status| status["failures"].as_u64() > Some(1));
    assert_eq!(status["state"], "trying");
    let log = world.daemon.end_with_log();
    assert_eq!(log.matches("MQTT: not connected").count(), 1, "told once an outage: {log}");
}
