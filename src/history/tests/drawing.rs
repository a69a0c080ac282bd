//! Segments for drawing: put together over corrections, changes of streams, restarts and pages.

use super::*;

/// Seconds after a moment within the last hour.
fn at(s: i64) -> Timestamp {
    static BEGAN: std::sync::LazyLock<Timestamp> = std::sync::LazyLock::new(Timestamp::now);
    let second = Timestamp::from_second(BEGAN.as_second() - 600).expect("a time");
    second.checked_add(jiff::SignedDuration::from_secs(s)).expect("a time")
}

fn changed(from: Option<(&str, i64, i64)>, label: &str, start: i64) -> EventBody {
    let from = from.map(|(label, start, end)| EndedSegment {
        label: label.into(),
        start: at(start),
        end: at(end),
        confidence: Some(0.5),
    });
    EventBody::Changed(GenreChanged { from, to: BegunSegment { label: label.into(), start: at(start) } })
}

fn source(state: SourceState) -> EventBody {
    EventBody::SourceState(SourceStateChange { state, reason: None, remedy: None })
}

/// Source, label, start and end in seconds; an end that is no round second is that of an event: -1.
fn told(segments: &[Segment]) -> Vec<(String, String, i64, Option<i64>)> {
    let second = |moment: Timestamp| match moment.as_second() - at(0).as_second() {
        s if s > 590 => -1,
        s => s,
    };
    let of = |of: &Segment| (of.source.to_string(), of.label.clone(), second(of.start), of.end.map(second));
    segments.iter().map(of).collect()
}

fn all(history: &History, wanted: &Selection, limit: usize) -> Vec<Segment> {
    let (mut segments, mut next) = (Vec::new(), None);
    loop {
        let page = history.segments(next.as_ref(), wanted, limit).expect("readable").expect("known");
        segments.extend(page.segments);
        next = page.next;
        if next.is_none() {
            return segments;
        }
    }
}

fn segment(source: &str, label: &str, start: i64, end: Option<i64>) -> (String, String, i64, Option<i64>) {
    (source.into(), label.into(), start, end)
}

#[test]
fn a_change_ends_what_was_before_with_the_last_word_on_it() {
    let place = folder();
    let run = Run::usual(place.path());
    run.hub.publish("mic", changed(None, "jazz", 0));
    run.hub.publish("mic", window(0.5));
    // The start was told otherwise at first.
    run.hub.publish("mic", changed(Some(("jazz", 2, 60)), "rock", 60));
    run.hub.publish("radio", changed(None, "pop", 10));
    run.settle();
    let expected = [
        segment("mic", "jazz", 2, Some(60)),
        segment("radio", "pop", 10, None),
        segment("mic", "rock", 60, None),
    ];
    assert_eq!(told(&all(&run.history, &Selection::default(), 1_000)), expected);
    let radio = Selection { sources: Some(vec!["radio".into()]), ..Selection::default() };
    assert_eq!(told(&all(&run.history, &radio, 1_000)), expected[1..2]);
}

#[test]
fn a_correction_moves_the_start_and_the_end_before_it() {
    let place = folder();
    let run = Run::usual(place.path());
    let corrected = |segment_seq, label: &str, told, start| {
        let (label, told, start) = (label.to_owned(), at(told), at(start));
        EventBody::Corrected(SegmentCorrected { segment_seq, label, told, start })
    };
    run.hub.publish("mic", changed(None, "jazz", 0));
    let rock = run.hub.publish("mic", changed(Some(("jazz", 0, 60)), "rock", 60));
    run.hub.publish("mic", corrected(rock, "rock", 60, 48));
    let pop = run.hub.publish("mic", changed(Some(("rock", 48, 100)), "pop", 100));
    // A late word on a segment that is over already, and one on a segment that is not known.
    run.hub.publish("mic", corrected(rock, "rock", 48, 45));
    run.hub.publish("mic", corrected(9_999, "rock", 60, 1));
    run.settle();
    let whole = all(&run.history, &Selection::default(), 1_000);
    let expected = [
        segment("mic", "jazz", 0, Some(45)),
        segment("mic", "rock", 45, Some(100)),
        segment("mic", "pop", 100, None),
    ];
    assert_eq!(told(&whole), expected);
    run.hub.publish("mic", corrected(pop, "pop", 100, 90));
    run.settle();
    let whole = all(&run.history, &Selection::default(), 1_000);
    assert_eq!(told(&whole)[1..], [segment("mic", "rock", 45, Some(90)), segment("mic", "pop", 90, None)]);
}

#[test]
fn a_source_that_ends_or_a_run_that_ends_ends_its_segment() {
    let place = folder();
    let run = Run::usual(place.path());
    run.hub.publish("file", changed(None, "jazz", 0));
    run.hub.publish("file", source(SourceState::Ended));
    run.hub.publish("mic", changed(None, "rock", 5));
    run.hub.publish("mic", window(0.5));
    run.end();
    let run = Run::usual(place.path());
    run.hub.publish("mic", changed(None, "pop", 300));
    run.settle();
    let expected = [
        segment("file", "jazz", 0, Some(-1)),
        segment("mic", "rock", 5, Some(-1)),
        segment("mic", "pop", 300, None),
    ];
    assert_eq!(told(&all(&run.history, &Selection::default(), 1_000)), expected);
}

#[test]
fn a_stream_that_begins_anew_ends_the_old_segment_where_the_source_went_away() {
    let place = folder();
    let run = Run::usual(place.path());
    run.hub.publish("mic", changed(None, "rock", 5));
    run.hub.publish("mic", source(SourceState::Reconnecting));
    std::thread::sleep(Duration::from_millis(5));
    run.hub.publish("mic", source(SourceState::Live));
    run.hub.publish("mic", changed(None, "pop", 599));
    run.settle();
    let segments = all(&run.history, &Selection::default(), 1_000);
    assert_eq!(told(&segments), [segment("mic", "rock", 5, Some(-1)), segment("mic", "pop", -1, None)]);
    let mut entries = Vec::new();
    run.hub.read(1, 1, &mut entries);
    assert_eq!(segments[0].end, Some(entries[0].event().time));
}

#[test]
fn a_stretch_begins_with_what_was_on_by_then_and_pages_tell_each_segment_once() {
    let place = folder();
    let run = Run::usual(place.path());
    run.hub.publish("mic", changed(None, "l0", 0));
    for n in 1..40_i64 {
        let (before, label) = (format!("l{}", n - 1), format!("l{n}"));
        run.hub.publish("mic", changed(Some((&before, (n - 1) * 10, n * 10)), &label, n * 10));
        (0..5).for_each(|_| {
            run.hub.publish("mic", window(0.5));
        });
    }
    run.settle();
    let whole = all(&run.history, &Selection::default(), 10_000);
    assert_eq!(whole.len(), 40);
    for limit in [1, 3, 39, 40] {
        assert_eq!(all(&run.history, &Selection::default(), limit), whole, "{limit} at a time");
    }
    // A source that had ended by then has nothing on.
    run.hub.publish("file", changed(None, "jazz", 0));
    run.hub.publish("file", source(SourceState::Ended));
    run.settle();
    std::thread::sleep(Duration::from_millis(5));
    // Only the last one overlaps with now.
    let now = Selection { from: Some(Timestamp::now()), ..Selection::default() };
    assert_eq!(all(&run.history, &now, 100), whole[39..]);
    let until = Selection { to: Some(at(95)), ..Selection::default() };
    // Ten of the one, and the other that had ended.
    assert_eq!(all(&run.history, &until, 1_000).len(), 11);
}
