//! That a live playlist is followed as it slides, breaks off, begins anew and ends: without a clock that runs.

use std::time::{Duration, Instant};

use super::super::playlist::{Media, Playlist, parse};
use super::super::window::{Next, Window};
use super::*;

/// A playlist of segments of six seconds whose names are their numbers.
fn list(sequence: u64, names: &[u64], end: bool) -> Media {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:{sequence}\n");
    for name in names {
        text += &format!("#EXTINF:6,\n{name}.ts\n");
    }
    if end {
        text += "#EXT-X-ENDLIST\n";
    }
    let base = Address::parse("http://radio.example/x.m3u8").expect("an address");
    match parse(text.as_bytes(), &base).expect("reads") {
        Playlist::Media(media) => media,
        Playlist::Master(_) => panic!("it lists segments"),
    }
}

/// What may be done at `now` without asking for anything.
fn ready(window: &mut Window, now: Instant) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        match window.next(now) {
            Next::Segment(segment) => {
                let name = segment.resource.address.to_string();
                names.push(
                    name.trim_start_matches("http://radio.example/").trim_end_matches(".ts").to_owned(),
                );
            }
            Next::Missed { seconds, .. } => names.push(format!("-{seconds}")),
            Next::Ended => return [names, vec!["end".to_owned()]].concat(),
            _ => return names,
        }
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[test]
fn a_complete_list_is_played_from_its_beginning_to_its_end() {
    let now = Instant::now();
    let mut window = Window::new(list(7, &[7, 8, 9, 10, 11], true), now);
    assert!(window.is_complete());
    assert_eq!(ready(&mut window, now + seconds(1000.0)), ["7", "8", "9", "10", "11", "end"]);
}

#[test]
fn a_live_list_is_begun_three_target_durations_before_its_end() {
    let now = Instant::now();
    let mut window = Window::new(list(100, &[100, 101, 102, 103, 104, 105], false), now);
    assert_eq!(ready(&mut window, now), ["103", "104", "105"]);
    assert_eq!(window.next(now), Next::Wait(now + seconds(6.0)));
    assert_eq!(window.next(now + seconds(6.0)), Next::Reload);
    let mut short = Window::new(list(100, &[100, 101], false), now);
    assert_eq!(ready(&mut short, now), ["100", "101"]);
}

#[test]
fn what_is_new_is_taken_as_the_window_slides() {
    let mut now = Instant::now();
    let mut window = Window::new(list(1, &[1, 2, 3], false), now);
    assert_eq!(ready(&mut window, now), ["1", "2", "3"]);
    for first in 2..20 {
        now += seconds(6.0);
        assert_eq!(window.next(now), Next::Reload);
        window.update(list(first, &[first, first + 1, first + 2], false), now);
        assert_eq!(ready(&mut window, now), [(first + 2).to_string()]);
    }
    // The same again is asked for sooner.
    window.update(list(19, &[19, 20, 21], false), now);
    assert_eq!(window.next(now), Next::Wait(now + seconds(3.0)));
    window.update(list(20, &[20, 21, 22], true), now);
    assert_eq!(ready(&mut window, now), ["22", "end"]);
}

#[test]
fn what_left_the_window_unheard_is_told_in_its_place() {
    let now = Instant::now();
    let mut window = Window::new(list(1, &[1, 2, 3], false), now);
    assert_eq!(ready(&mut window, now), ["1", "2", "3"]);
    window.update(list(6, &[6, 7, 8], false), now + seconds(30.0));
    assert_eq!(ready(&mut window, now + seconds(30.0)), ["-12", "6", "7", "8"]);
}

#[test]
fn an_old_copy_is_passed_over_but_a_new_beginning_is_followed() {
    let now = Instant::now();
    let mut window = Window::new(list(50, &[50, 51, 52], false), now);
    assert_eq!(ready(&mut window, now), ["50", "51", "52"]);
    window.update(list(49, &[49, 50, 51], false), now);
    assert_eq!(ready(&mut window, now), [""; 0]);
    window.update(list(0, &[1000, 1001], false), now);
    assert_eq!(ready(&mut window, now), ["-0", "1000", "1001"]);
}

#[test]
fn a_list_that_stands_still_stalls_and_is_given_up() {
    let now = Instant::now();
    let mut window = Window::new(list(1, &[1, 2, 3], false), now);
    assert_eq!(ready(&mut window, now).len(), 3);
    let mut told = Vec::new();
    for tick in 1..200 {
        let now = now + seconds(f64::from(tick));
        match window.next(now) {
            Next::Reload => window.update(list(1, &[1, 2, 3], false), now),
            Next::Stalled(quiet) => told.push(("stalled", quiet.as_secs())),
            Next::Stale(quiet) => {
                told.push(("stale", quiet.as_secs()));
                break;
            }
            Next::Wait(_) => (),
            other => panic!("{other:?}"),
        }
    }
    let [("stalled", 18), ("stale", 36..=39)] = told.as_slice() else { panic!("{told:?}") };
}

#[test]
fn a_list_that_grows_faster_than_it_is_played_stays_bounded() {
    let now = Instant::now();
    let mut window = Window::new(list(0, &[0], false), now);
    let names: Vec<u64> = (0..5000).collect();
    window.update(list(0, &names, false), now);
    let ready = ready(&mut window, now);
    assert!(
        ready.len() < 40 && ready[0].starts_with('-') && ready.last().is_some_and(|last| last == "4999"),
        "{ready:?}"
    );
}
