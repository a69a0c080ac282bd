//! Files that are damaged: garbage in the middle, cut off, empty, no database at all. None of it stops anything, and
//! what was lost is never told as if nothing had been there.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;

use super::*;

/// A history of one run that has ended; its epoch and what it published.
fn past(place: &TempDir) -> (String, Vec<String>) {
    let run = Run::usual(place.path());
    (0..2_000).for_each(|n: u16| {
        run.hub.publish("mic", window(f32::from(n) / 4_000.0 + 0.3));
    });
    run.settle();
    let past = (run.hub.epoch().to_owned(), run.published());
    run.end();
    past
}

fn moved_aside(place: &TempDir) -> usize {
    let names = fs::read_dir(place.path()).expect("readable");
    let names = names.map(|entry| entry.expect("an entry").file_name().into_string().expect("text"));
    names.filter(|name| name.contains(".damaged-") && name.ends_with('Z')).count()
}

/// The run records, and what it records can be read.
fn works(run: &Run) {
    (0..20).for_each(|n| {
        run.hub.publish("mic", state(&n.to_string()));
    });
    run.settle();
    run.wait_for_state(StatusKind::Recording);
    let (items, _) = replay(&run.history, run.hub.epoch(), 0, &Selection::default());
    assert_eq!(events(&items), run.published());
}

#[test]
fn what_is_no_database_is_moved_aside_and_a_new_one_begun() {
    for garbage in [b"not a database at all".repeat(1_000), vec![0; 8_192], vec![0xff; 100]] {
        let place = folder();
        fs::write(place.child(FILE_NAME), garbage).expect("written");
        let run = Run::usual(place.path());
        works(&run);
        assert_eq!(moved_aside(&place), 1);
        assert!(run.history.status().damaged_file.is_some_and(|path| path.exists()));
    }
}

#[test]
fn an_empty_file_is_begun() {
    let place = folder();
    fs::write(place.child(FILE_NAME), "").expect("written");
    let run = Run::usual(place.path());
    works(&run);
    assert_eq!(moved_aside(&place), 0);
}

#[test]
fn a_file_that_was_cut_off_is_moved_aside_when_that_shows() {
    for share in [3, 10, 50, 90] {
        let place = folder();
        let (epoch, published) = past(&place);
        let file = OpenOptions::new().write(true).open(place.child(FILE_NAME)).expect("opens");
        let length = file.metadata().expect("there").len();
        file.set_len(length * share / 100).expect("cut");
        let run = Run::usual(place.path());
        works(&run);
        read_damaged(&run, &epoch, &published);
        run.wait("moved aside", || moved_aside(&place) == 1);
        works(&run);
    }
}

#[test]
fn garbage_in_the_middle_never_comes_out_as_an_event() {
    let mut noticed = 0;
    for at in 1..12_u64 {
        let place = folder();
        let (epoch, published) = past(&place);
        let file = OpenOptions::new().write(true).open(place.child(FILE_NAME)).expect("opens");
        let length = file.metadata().expect("there").len();
        file.write_all_at(&[0xA5; 3_000], length * at / 12 + at * 37).expect("written");
        let run = Run::usual(place.path());
        works(&run);
        let missing = read_damaged(&run, &epoch, &published);
        noticed += usize::from(missing);
        works(&run);
    }
    assert!(noticed >= 8, "{noticed} of 11");
}

/// Reads the past as a subscriber would: whatever comes was published, and the rest is told as missing, or the file is.
fn read_damaged(run: &Run, epoch: &str, published: &[String]) -> bool {
    let mut after = 0;
    let mut seen = 0;
    loop {
        let page = match run.history.epoch_page(epoch, after, &Selection::default(), 50) {
            Ok(Some(page)) => page,
            Ok(None) => return true,
            Err(HistoryError::Damaged(_) | HistoryError::Closed(_) | HistoryError::Sqlite(_)) => return true,
            Err(error) => panic!("{error}"),
        };
        for item in &page.items {
            match item {
                Item::Event(record) => {
                    assert_eq!(record.json, published[record.position.seq as usize - 1]);
                    seen += 1;
                }
                Item::Missing { from_seq, to_seq, .. } => seen += to_seq + 1 - from_seq,
            }
        }
        after = page.up_to;
        if page.end.is_some() {
            return seen < published.len() as u64
                || page.items.iter().any(|item| matches!(item, Item::Missing { .. }));
        }
    }
}
