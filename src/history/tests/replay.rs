//! What was published is read as it was published: whole, filtered, over restarts, and with what is missing told.

use super::*;

#[test]
fn the_number_of_events_is_known_over_runs_holes_and_what_is_let_go() {
    let place = folder();
    let run = Run::usual(place.path());
    (0..700).for_each(|_| {
        run.hub.publish("mic", window(0.5));
    });
    run.settle();
    assert_eq!(run.history.status().events, 700);
    run.end();
    // The second run begins with a hole: its log is too small for what came before the recorder.
    let hub = Hub::new(HubLimits { events: 50, bytes: 64 << 20 });
    (0..200).for_each(|_| {
        hub.publish("mic", window(0.5));
    });
    let history = History::new(place.path(), Limits::default());
    let (mut recorder, stop) = Recorder::new(history.clone(), Arc::clone(&hub), |_| {});
    recorder.open();
    let status = history.status();
    assert_eq!((status.not_recorded, status.events), (150, 750));
    drop((stop, recorder, history));
    let run = Run::usual(place.path());
    run.hub.publish("mic", window(0.5));
    run.settle();
    assert_eq!(run.history.status().events, 751, "counted without the hole");
    run.history.set_limits(Limits { keep_bytes: 1, ..Limits::default() });
    run.hub.publish("mic", window(0.5));
    run.wait("let go", || run.history.status().events < 100);
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert!(events(&items).len() as u64 >= run.history.status().events);
}

#[test]
fn a_replay_equals_what_was_sent() {
    let place = folder();
    let run = Run::usual(place.path());
    for n in 0..300_u16 {
        run.hub.publish(["mic", "radio"][usize::from(n % 2)], window(f32::from(n) / 500.0 + 0.3));
        if n % 10 == 0 {
            run.hub.publish("mic", state(&format!("event {n} \"quoted\" – ä\u{1F3B5}")));
        }
    }
    run.settle();
    let (items, end) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert_eq!(events(&items), run.published());
    assert_eq!((missing(&items).len(), end.last_seq, end.complete, end.next), (0, 330, false, None));

    // Cut to fewer labels it is what the hub serialises.
    let mut entries = Vec::new();
    run.hub.read(0, 1000, &mut entries);
    for (entry, json) in entries.iter().zip(events(&items)) {
        for k in 1..=4 {
            assert_eq!(cut_top(&json, k), entry.frame(k).as_str());
        }
        assert_eq!(top_p(&json), entry.top_p());
    }
    // Compactly: what the file takes for an event is less than half of its JSON.
    let json: usize = items.len() * 700;
    run.end();
    let bytes = std::fs::metadata(place.child(FILE_NAME)).expect("there").len();
    assert!(bytes < json as u64 / 2 + 65_536, "{bytes} bytes for {json}");
}

#[test]
fn filters_find_the_same_as_looking_at_everything() {
    let place = folder();
    let run = Run::usual(place.path());
    for n in 0..400_u32 {
        let source = ["a", "b", "c"][(n * 7 % 3) as usize];
        let body = if n % 5 == 0 { state("x") } else { window(0.5) };
        run.hub.publish(source, body);
    }
    run.settle();
    let mut all = Vec::new();
    run.hub.read(0, 1000, &mut all);
    let name = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    for (sources, types) in [
        (name(&["a"]), None),
        (None, name(&["source.state"])),
        (name(&["b", "c"]), name(&["source.state", "genre.window"])),
        (name(&["c", "c", "nobody"]), name(&["source.state", "source.gap"])),
        (name(&["nobody"]), None),
    ] {
        let wanted = Selection { sources: sources.clone(), types: types.clone(), ..Selection::default() };
        for after in [0, 133, 399, 400, 7_000] {
            let (items, end) = replay(&run.history, run.hub.epoch(), after, &wanted);
            let passes = |of: &Option<Vec<String>>, name: &str| {
                of.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
            };
            let expected: Vec<_> = all
                .iter()
                .filter(|entry| entry.seq() > after)
                .filter(|entry| passes(&sources, entry.source()) && passes(&types, entry.type_name()))
                .map(|entry| entry.frame(usize::MAX).as_str().to_owned())
                .collect();
            assert_eq!(events(&items), expected, "{wanted:?} after {after}");
            assert_eq!(end.last_seq, 400);
        }
    }
}

#[test]
fn runs_follow_each_other_and_each_end_is_told_as_it_was() {
    let place = folder();
    let mut epochs = Vec::new();
    for round in 1..=3_u64 {
        let run = Run::usual(place.path());
        (0..round * 10).for_each(|n| {
            run.hub.publish("mic", state(&n.to_string()));
        });
        epochs.push((run.hub.epoch().to_owned(), run.published()));
        run.settle();
        if round == 2 {
            // Killed: nothing is told to the file any more.
            let store = store::Store::open(&place.child(FILE_NAME), "another").map(|store| store.connection);
            run.end();
            let connection = store.expect("opens");
            connection.execute("DELETE FROM epochs WHERE ulid = 'another'", []).expect("taken");
            connection.execute("UPDATE epochs SET clean = 0 WHERE ulid = ?", [&epochs[1].0]).expect("taken");
        } else {
            run.end();
        }
    }
    let run = Run::usual(place.path());
    for (round, (epoch, published)) in epochs.iter().enumerate() {
        let (items, end) = replay(&run.history, epoch, 4, &Selection::default());
        assert_eq!(events(&items), published[4..]);
        let next = epochs.get(round + 1).map_or(run.hub.epoch(), |(next, _)| next);
        let expected =
            EpochEnd { last_seq: published.len() as u64, complete: round != 1, next: Some(next.into()) };
        assert_eq!(end, expected);
    }
    assert_eq!(run.history.epoch_page("nobody", 0, &Selection::default(), 9).expect("readable"), None);

    // The same as one list.
    let all: Vec<_> = epochs.iter().flat_map(|(_, published)| published.clone()).collect();
    let (mut read, mut next) = (Vec::new(), None);
    loop {
        let page =
            run.history.page(next.as_ref(), &Selection::default(), 7).expect("readable").expect("known");
        read.extend(page.records.into_iter().map(|record| record.json));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(read, all);
}

#[test]
fn starts_that_came_to_nothing_are_passed_over_but_known() {
    let place = folder();
    let run = Run::usual(place.path());
    run.hub.publish("mic", state("1"));
    let first = run.hub.epoch().to_owned();
    run.end();
    let mut idle = Vec::new();
    for _ in 0..3 {
        let run = Run::usual(place.path());
        idle.push(run.hub.epoch().to_owned());
        run.end();
    }
    let run = Run::usual(place.path());
    for epoch in [&first, &idle[0], &idle[2]] {
        let (_, end) = replay(&run.history, epoch, 0, &Selection::default());
        assert_eq!(end.next.as_deref(), Some(run.hub.epoch()));
    }
}

#[test]
fn a_stretch_of_time_is_found_without_looking_at_the_rest() {
    let place = folder();
    let run = Run::usual(place.path());
    let mut marks = Vec::new();
    for n in 0..50 {
        if n % 10 == 0 {
            std::thread::sleep(Duration::from_millis(3));
            marks.push(Timestamp::from_millisecond(Timestamp::now().as_millisecond()).expect("now"));
            std::thread::sleep(Duration::from_millis(3));
        }
        run.hub.publish("mic", state(&n.to_string()));
    }
    run.settle();
    let count = |from: Option<Timestamp>, to: Option<Timestamp>| {
        let wanted = Selection { from, to, ..Selection::default() };
        run.history.page(None, &wanted, 100).expect("readable").expect("known").records.len()
    };
    assert_eq!(count(None, None), 50);
    assert_eq!(count(Some(marks[1]), Some(marks[3])), 20);
    assert_eq!(count(Some(marks[4]), None), 10);
    assert_eq!(count(None, Some(marks[0])), 0);
    let hour = jiff::SignedDuration::from_hours(1);
    assert_eq!(count(Some(marks[4].checked_add(hour).expect("a time")), None), 0);
    assert_eq!(count(None, Some(marks[0].checked_sub(hour).expect("a time"))), 0);
}

#[test]
fn what_the_hub_had_lost_before_it_could_be_recorded_is_told_as_missing() {
    let place = folder();
    let lock = folder::take(place.path()).expect("taken");
    let run = Run::begin(place.path(), Limits::default(), 30);
    run.wait_for_state(StatusKind::Failing);
    assert_eq!(run.history.status().trouble, Some("in_use"));
    (0..100).for_each(|n| {
        run.hub.publish("mic", state(&n.to_string()));
    });
    assert!(matches!(
        run.history.epoch_page(run.hub.epoch(), 0, &Selection::default(), 9),
        Err(HistoryError::Closed(_))
    ));
    drop(lock);
    run.wait_for_state(StatusKind::Recording);
    run.settle();
    for wanted in
        [Selection::default(), Selection { sources: Some(vec!["nobody".into()]), ..Selection::default() }]
    {
        for (after, from) in [(0, 1), (50, 51)] {
            let (items, _) = replay(&run.history, run.hub.epoch(), after, &wanted);
            assert_eq!(missing(&items), [(from, 70, MissingReason::NotRecorded)]);
            assert_eq!(items.len(), if wanted.sources.is_none() { 31 } else { 1 });
        }
        let (items, _) = replay(&run.history, run.hub.epoch(), 70, &wanted);
        assert!(missing(&items).is_empty());
    }
    assert_eq!(run.history.status().not_recorded, 70);
}
