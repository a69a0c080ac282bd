//! `kill -9` under load, over and over: the file opens, what was seen and older than a second is in it, a resume over
//! the restart loses nothing and repeats nothing, and no number is given twice.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use genrecast::history::{Item, Reader, Selection};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::place::Place;
use super::support::PATIENCE;
use super::support::subscriber::{Heard, Subscriber};

/// Sources that play at once.
const SOURCES: usize = 3;

/// What must be in the history by then.
const OLDER_THAN: Duration = Duration::from_secs(1);

/// Without a word from outside, so many kills.
const KILLS: usize = 10;

/// What the subscriber knows after all its connections.
#[derive(Default)]
struct Seen {
    /// Events by epoch and number, as they came.
    events: BTreeMap<(String, u64), String>,
    /// Epochs in the order in which they were met.
    epochs: Vec<String>,
    at: Option<(String, u64)>,
    restarts: usize,
}

impl Seen {
    /// Takes in a message; every event must be the one that is due.
    fn message(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).expect("JSON");
        let epoch = || message["epoch"].as_str().expect("an epoch").to_owned();
        let number = |field: &str| message[field].as_u64().expect("a number");
        match message["type"].as_str().expect("a type") {
            "hello" | "heartbeat" => {}
            "gap" => {
                assert_eq!(
                    (&message["reason"], &message["complete"]),
                    (&json!("restart"), &json!(false)),
                    "{text}"
                );
                let (of, seq) = self.at.clone().expect("something was seen before");
                assert_eq!(of, epoch());
                assert_eq!(number("to_seq") + 1, number("from_seq"));
                // What came within the last second may be seen and yet not recorded, but never the other way round.
                assert!(number("to_seq") <= seq, "{text} after {seq}");
                let next = message["next_epoch"].as_str().expect("an epoch").to_owned();
                assert!(!self.epochs.contains(&next), "an epoch comes once");
                self.epochs.push(next.clone());
                self.at = Some((next, 0));
                self.restarts += 1;
            }
            kind => {
                assert!(kind.contains('.'), "{text}");
                let (of, seq) = self.at.as_mut().expect("a place");
                assert_eq!(
                    (of.as_str(), *seq + 1),
                    (epoch().as_str(), number("seq")),
                    "nothing lost, nothing twice"
                );
                *seq += 1;
                assert!(self.events.insert((of.clone(), *seq), text.to_owned()).is_none());
            }
        }
    }
}

/// Follows the daemon for so long.
async fn follow(subscriber: &mut Subscriber, seen: &mut Seen, time: Duration) {
    let until = Instant::now() + time;
    while let Ok(heard) = timeout(until.saturating_duration_since(Instant::now()), subscriber.hear()).await {
        let Heard::Text(text) = heard else { panic!("closed") };
        seen.message(&text);
    }
}

/// What the file has, by epoch and number; it must be in order as SQLite sees it.
fn recorded(place: &Place) -> BTreeMap<(String, u64), String> {
    let file = place.state().join(genrecast::history::FILE_NAME);
    let connection = rusqlite::Connection::open(file).expect("opens");
    let check: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("answers");
    assert_eq!(check, "ok");
    let mut epochs = connection.prepare("SELECT ulid FROM epochs ORDER BY id").expect("readable");
    let epochs = epochs.query_map([], |row| row.get::<_, String>(0)).expect("readable");
    let reader = Reader::open(&place.state()).expect("opens");
    let mut all = BTreeMap::new();
    for epoch in epochs.map(|epoch| epoch.expect("text")) {
        let mut after = 0;
        loop {
            let page = reader.epoch_page(&epoch, after, &Selection::default(), 1_000);
            let page = page.expect("readable").expect("known");
            for item in page.items {
                let Item::Event(record) = item else { panic!("{item:?} in {epoch}") };
                all.insert((epoch.clone(), record.position.seq), record.json);
            }
            after = page.up_to;
            if page.end.is_some() {
                break;
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_over_and_over_it_keeps_what_was_seen_and_goes_on() {
    let kills =
        std::env::var("GENRECAST_TEST_KILLS").ok().and_then(|count| count.parse().ok()).unwrap_or(KILLS);
    let place = Place::new();
    let (mut seen, mut run_epochs) = (Seen::default(), HashSet::new());
    // Of each run: events that must be there, and the age of the oldest that was seen and is not.
    let (mut old_enough, mut oldest_lost) = (0, Duration::ZERO);
    let began = Instant::now();
    for round in 0..kills {
        let mut daemon = place.daemon(SOURCES);
        let mut subscriber = Subscriber::connect(daemon.address, "").await;
        let epoch = subscriber.hello["epoch"].as_str().expect("an epoch").to_owned();
        assert!(run_epochs.insert(epoch.clone()), "a new epoch at each start");
        if seen.at.is_none() {
            seen.epochs.push(epoch.clone());
            seen.at = Some((epoch.clone(), 0));
        }
        let (of, seq) = seen.at.clone().expect("a place");
        subscriber.say(json!({"type": "subscribe", "since": format!("{of}:{seq}"), "top_k": 10})).await;
        let before = seen.events.len();
        // The rest of the runs before, then something of this one.
        let deadline = Instant::now() + PATIENCE;
        while seen.at.as_ref().is_none_or(|(of, seq)| *of != epoch || *seq == 0) {
            assert!(Instant::now() < deadline, "nothing of {epoch} came");
            follow(&mut subscriber, &mut seen, Duration::from_millis(20)).await;
        }
        // Some are killed at once, most in full flow.
        let life = Duration::from_millis(if round % 5 == 4 { 0 } else { 900 + (round as u64 * 337) % 1_900 });
        follow(&mut subscriber, &mut seen, life).await;
        daemon.signal(libc::SIGKILL);
        let killed = Timestamp::now();
        daemon.wait_for_exit(PATIENCE);
        assert!(seen.events.len() > before);

        let recorded = recorded(&place);
        for (key, text) in &seen.events {
            let event: Value = serde_json::from_str(text).expect("JSON");
            let time: Timestamp = event["time"].as_str().expect("a time").parse().expect("a time");
            let age = Duration::try_from(killed.duration_since(time)).unwrap_or_default();
            match recorded.get(key) {
                Some(json) => {
                    assert_eq!(json, text);
                    old_enough += usize::from(key.0 == epoch && age > OLDER_THAN);
                }
                // What an earlier run lost was judged when that was killed.
                None if key.0 == epoch => {
                    assert!(age <= OLDER_THAN, "{text} is {age:?} old and not in the history");
                    oldest_lost = oldest_lost.max(age);
                }
                None => {}
            }
        }
        // Numbers run from 1 without a break.
        for of in &run_epochs {
            let numbers = recorded.keys().filter(|(epoch, _)| epoch == of).map(|(_, seq)| *seq);
            assert!(numbers.zip(1..).all(|(seq, due)| seq == due));
        }
    }
    assert_eq!(seen.restarts, kills - 1);
    assert!(old_enough > 0);
    println!(
        "{kills} kills in {:.0?}: {} events seen; {old_enough} were older than {OLDER_THAN:?} when their run was killed, and \
         all of those are recorded; the oldest that was lost was {oldest_lost:.3?} old; {} restarts told",
        began.elapsed(),
        seen.events.len(),
        seen.restarts,
    );
}
