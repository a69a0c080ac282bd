//! Tests of the queue: what is dropped, in which order it is told, and that nothing is told twice.

use std::sync::Arc;

use super::*;
use crate::event::{EventBody, TrackStarted};
use crate::hub::HubLimits;

fn publish(hub: &Hub, titles: std::ops::Range<u32>) {
    for title in titles {
        let track = TrackStarted { title: title.to_string(), start: jiff::Timestamp::UNIX_EPOCH };
        hub.publish("a", EventBody::TrackStarted(track));
    }
}

fn queue(hub: &Arc<Hub>, limit: usize) -> Queue {
    let selection = Selection::of_types(&["track.started".to_owned()]).expect("known");
    Queue::new(Arc::clone(hub), selection, limit, 0)
}

/// Numbers of events, and gaps as `from-to*dropped`.
fn told(queue: &mut Queue) -> Vec<String> {
    std::iter::from_fn(|| queue.take())
        .map(|item| match item {
            Item::Event(entry) => entry.seq().to_string(),
            Item::Gap(gap) => format!("{}-{}*{} {:?}", gap.from_seq, gap.to_seq, gap.dropped, gap.reason),
        })
        .collect()
}

#[test]
fn the_oldest_go_and_that_is_told_first() {
    let hub = Hub::new(HubLimits::default());
    let mut queue = queue(&hub, 3);
    publish(&hub, 0..2);
    queue.fill();
    assert_eq!((queue.len(), queue.dropped()), (2, 0));
    publish(&hub, 2..8);
    queue.fill();
    assert_eq!((queue.len(), queue.dropped()), (3, 5));
    assert_eq!(told(&mut queue), ["1-5*5 QueueFull", "6", "7", "8"]);
    publish(&hub, 8..9);
    queue.fill();
    assert_eq!(told(&mut queue), ["9"], "what was told is not told again");
}

#[test]
fn what_was_not_delivered_waits_again_in_its_place() {
    let hub = Hub::new(HubLimits::default());
    let mut queue = queue(&hub, 3);
    publish(&hub, 0..5);
    queue.fill();
    let (gap, first) = (queue.take().expect("a gap"), queue.take().expect("an event"));
    queue.put_back(first);
    queue.put_back(gap);
    publish(&hub, 5..6);
    queue.fill();
    assert_eq!(told(&mut queue), ["1-3*3 QueueFull", "4", "5", "6"]);
}

#[test]
fn what_is_refused_is_told_once_and_a_refused_gap_is_not() {
    let hub = Hub::new(HubLimits::default());
    let mut queue = queue(&hub, 9);
    publish(&hub, 0..3);
    queue.fill();
    let first = queue.take().expect("an event");
    queue.refuse(first);
    let gap = queue.take().expect("the gap");
    assert!(matches!(&gap, Item::Gap(gap) if gap.reason == Reason::Refused && gap.to_seq == 1));
    queue.refuse(gap);
    assert_eq!(told(&mut queue), ["2", "3"]);
    assert_eq!(queue.dropped(), 1);
}

#[test]
fn what_the_hub_has_let_go_is_told_in_its_place() {
    let hub = Hub::new(HubLimits { events: 2, ..HubLimits::default() });
    let mut queue = queue(&hub, 9);
    publish(&hub, 0..1);
    queue.fill();
    publish(&hub, 1..6);
    queue.fill();
    assert_eq!(told(&mut queue), ["1", "2-4*3 Evicted", "5", "6"]);
}

#[test]
fn a_lower_bound_holds_at_once_and_json_says_what_it_is() {
    let hub = Hub::new(HubLimits::default());
    let mut queue = queue(&hub, 9);
    publish(&hub, 0..4);
    queue.fill();
    queue.set(Selection::of_types(&["genre.changed".to_owned()]).expect("known"), 1);
    publish(&hub, 4..6);
    queue.fill();
    let gap = queue.take().expect("a gap");
    let json: serde_json::Value = serde_json::from_slice(&gap.json(5)).expect("JSON");
    let epoch = hub.epoch();
    let expected = serde_json::json!({
        "type": "gap", "v": 1, "epoch": epoch, "from_seq": 1, "to_seq": 3, "reason": "queue_full", "dropped": 3,
    });
    assert_eq!((json, gap.id()), (expected, format!("{epoch}:gap-1-3")));
    let event = queue.take().expect("the newest that was wanted");
    assert_eq!(event.id(), format!("{epoch}:4"));
    assert!(queue.take().is_none());
}
