//! Disks that are full, files that are locked: events go on, it is told, and recording goes on when it can.

use rusqlite::Connection;

use super::*;

/// Publishing must not notice anything.
fn publish(run: &Run, count: u32) {
    (0..count).for_each(|n| {
        run.hub.publish("mic", window(0.3 + (n % 60) as f32 / 100.0));
    });
}

#[test]
fn a_full_disk_is_told_and_recording_goes_on_when_there_is_room() {
    let place = folder();
    let run = Run::usual(place.path());
    publish(&run, 100);
    run.settle();
    // SQLite itself says that the disk is full: the file may not get a page more.
    run.history.set_limits(Limits { ceiling_bytes: 1, ..Limits::default() });
    publish(&run, 3_000);
    run.wait_for_state(StatusKind::Failing);
    let status = run.history.status();
    assert_eq!(status.trouble, Some("full"));
    assert!(status.reason.is_some() && status.remedy.is_some());
    // What is there can still be read.
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert!(items.len() >= 100);
    publish(&run, 500);
    run.history.set_limits(Limits::default());
    run.settle();
    run.wait_for_state(StatusKind::Recording);
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert_eq!(events(&items), run.published(), "all was still in the hub's log");
    assert_eq!(run.history.status().not_recorded, 0);
}

#[test]
fn a_database_that_another_program_holds_locked_is_waited_for() {
    let place = folder();
    let run = Run::usual(place.path());
    publish(&run, 10);
    run.settle();
    let other = Connection::open(place.child(FILE_NAME)).expect("opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    publish(&run, 10);
    run.wait_for_state(StatusKind::Failing);
    assert_eq!(run.history.status().trouble, Some("locked"));
    other.execute_batch("COMMIT").expect("free again");
    run.settle();
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert_eq!(events(&items), run.published());
}

#[test]
fn a_folder_that_cannot_be_had_is_told_and_taken_when_it_can() {
    let place = folder();
    let at = place.child("state");
    std::fs::write(&at, "in the way").expect("written");
    let run = Run::usual(&at);
    publish(&run, 10);
    run.wait_for_state(StatusKind::Failing);
    assert_eq!(run.history.status().trouble, Some("folder"));
    std::fs::remove_file(&at).expect("removed");
    run.settle();
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert_eq!(events(&items), run.published());
}

#[test]
fn the_oldest_go_when_there_are_too_many_bytes_and_replay_tells_it() {
    let place = folder();
    let first = Run::usual(place.path());
    publish(&first, 500);
    first.settle();
    let old = first.hub.epoch().to_owned();
    first.end();
    let limits = Limits::new(30, 400_000);
    let run = Run::begin(place.path(), limits, 20_000);
    for _ in 0..10 {
        publish(&run, 1_000);
        run.settle();
    }
    run.wait("small", || run.history.status().bytes <= 400_000);
    assert_eq!(
        run.history.epoch_page(&old, 0, &Selection::default(), 9).expect("readable"),
        None,
        "all of it is gone"
    );
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    let [(1, gone, MissingReason::Pruned)] = missing(&items)[..] else { panic!("{:?}", missing(&items)) };
    assert_eq!(events(&items), run.published()[gone as usize..]);
    assert!((1_000..9_900).contains(&gone), "{gone}");
    run.wait("given back", || {
        std::fs::metadata(place.child(FILE_NAME)).is_ok_and(|file| file.len() < 400_000 + (4 << 20))
    });
}

#[test]
fn what_is_too_old_goes() {
    let place = folder();
    let run = Run::usual(place.path());
    publish(&run, 1_200);
    run.settle();
    let mut store = store::Store::open(&place.child(FILE_NAME), run.hub.epoch()).expect("opens");
    let (now, day) = (Timestamp::now().as_millisecond(), 86_400_000);
    let limits = Limits::new(2, 1 << 30);
    assert!(!store.prune(&limits, now + 2 * day - 60_000).expect("fine"));
    assert!(run.history.epoch_page(run.hub.epoch(), 0, &Selection::default(), 9).is_ok());
    let mut rounds = 1;
    while store.prune(&limits, now + 2 * day + 60_000).expect("fine") {
        rounds += 1;
    }
    assert_eq!(rounds, 3, "a few hundred at a time");
    let (items, end) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert_eq!(items, [Item::Missing { from_seq: 1, to_seq: 1_200, reason: MissingReason::Pruned }]);
    assert_eq!(end.last_seq, 1_200, "no number is given twice");
}

#[test]
fn the_log_of_changes_is_bounded_while_somebody_reads_without_end() {
    let place = folder();
    let run = Run::usual(place.path());
    publish(&run, 10);
    run.settle();
    let store = store::Store::open(&place.child(FILE_NAME), run.hub.epoch()).expect("opens");
    let reader = Connection::open(place.child(FILE_NAME)).expect("opens");
    reader.execute_batch("BEGIN; SELECT count(*) FROM events").expect("reads");
    // 80 MiB of changes that cannot be folded in.
    store.connection.execute_batch("CREATE TABLE ballast (x)").expect("made");
    for _ in 0..80 {
        store.connection.execute("INSERT INTO ballast VALUES (zeroblob(1048576))", []).expect("written");
    }
    assert!(matches!(store.fold(), Err(HistoryError::LogHeld(_))));
    run.wait_for_state(StatusKind::Failing);
    assert_eq!(run.history.status().trouble, Some("log_held"));
    reader.execute_batch("COMMIT").expect("ends");
    store.fold().expect("folded in");
    publish(&run, 10);
    run.settle();
    run.wait_for_state(StatusKind::Recording);
}
