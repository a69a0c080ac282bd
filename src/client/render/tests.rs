//! What the live view looks like, as plain text.

use serde_json::{Value, json};

use super::*;

fn window(p: f64, provisional: bool) -> Value {
    json!({
        "type": "genre.window", "v": 1, "epoch": "E", "seq": 2, "source": "radio", "time": "2026-01-01T12:00:30.412Z",
        "window": {"start": "2026-01-01T12:00:00Z", "end": "2026-01-01T12:00:30Z", "start_s": 0.0, "end_s": 30.0, "seconds": 30.0},
        "provisional": provisional, "state": "signal",
        "top": [{"label": "jazz", "p": p}, {"label": "blues", "p": 1.0 - p}],
        "stable": {"label": "jazz", "since": "2026-01-01T11:59:04Z"},
        "audio": {"native_hz": 44100, "rms_dbfs": -18.2, "clipped": 0, "gap_ms": 0, "skipped_hops": 0},
        "timing": {"capture_to_emit_ms": 41, "infer_ms": 6},
        "model": {"id": "crnn", "sha256": "00", "device": "cpu", "runtime": "tract"},
    })
}

fn met() -> View {
    let mut view = View::new("ws://127.0.0.1:8470/v1/events");
    view.apply(&json!({
        "type": "hello", "version": "0.1.0", "sources": ["radio", "mic"],
        "model": {"id": "crnn", "sha256": "00", "device": "cpu", "runtime": "tract"},
    }));
    view
}

fn draw(view: &View, width: usize, height: usize) -> Vec<String> {
    let lines = render(view, width, height, &TimeZone::UTC);
    lines.iter().map(|line| console::strip_ansi_codes(line).into_owned()).collect()
}

#[test]
fn a_source_with_a_window() {
    let mut view = met();
    let state = json!({
        "type": "source.state", "v": 1, "epoch": "E", "seq": 1, "source": "radio",
        "time": "2026-01-01T12:00:00Z", "state": "live",
    });
    view.apply(&json!({"type": "snapshot", "sources": [{"source": "radio", "state": state, "window": window(0.75, true)}]}));
    let expected = [
        "genrecast 0.1.0 · crnn on cpu (tract)",
        "● ws://127.0.0.1:8470/v1/events",
        "",
        "radio · live · ▮▮▮▮▮▮▮▯▯▯ -18.2 dBFS",
        "  JAZZ  since 11:59:04",
        "  jazz  ██████████████████████████████            75 %",
        "  blues ██████████                                25 %",
        "  30.0 s up to 12:00:30 · provisional: no whole window yet",
        "",
        "mic",
        "  nothing heard yet",
    ];
    assert_eq!(draw(&view, 80, 24), expected);
}

#[test]
fn narrow_and_low_terminals_are_never_exceeded() {
    let mut view = met();
    view.apply(&window(0.75, false));
    for width in 1..60 {
        for height in 1..14 {
            let lines = draw(&view, width, height);
            assert!(lines.len() <= height.saturating_sub(1).max(1), "{width}x{height}");
            for line in lines {
                assert!(measure_text_width(&line) <= width, "{width}x{height}: {line:?}");
            }
        }
    }
}

#[test]
fn a_lost_connection_and_missed_events_are_told() {
    let mut view = met();
    view.apply(&json!({"type": "gap", "from_seq": 3, "to_seq": 7}));
    view.link = Link::Lost { why: "refused\u{1b}[2J".into(), retry_s: 4 };
    let lines = draw(&view, 80, 24);
    assert_eq!(lines[1], "○ connection lost: refused[2J; next try in 4 s");
    assert_eq!(lines[2], "5 events were missed");
}

#[test]
fn what_was_known_is_not_shown_as_current_without_a_connection() {
    let mut view = met();
    view.apply(&json!({
        "type": "source.state", "v": 1, "epoch": "E", "seq": 1, "source": "radio",
        "time": "2026-01-01T12:00:00Z", "state": "live",
    }));
    view.apply(&window(0.75, false));
    assert!(draw(&view, 80, 24).iter().any(|line| line.contains("live")));
    for link in [Link::Lost { why: "refused".into(), retry_s: 4 }, Link::Connecting] {
        view.link = link;
        let lines = draw(&view, 80, 24);
        assert_eq!(lines[3..], ["radio", "  last known: JAZZ, up to 12:00:30", "", "mic", "  nothing known"]);
    }
}

#[test]
fn a_long_reason_is_wrapped_and_not_cut() {
    let mut view = met();
    let reason =
        "the device \"USB Audio\" is not there any more; it was unplugged or another program has taken it";
    let remedy = "plug it in again, or name another one that `genrecast devices` lists in the configuration";
    view.apply(&json!({
        "type": "source.state", "v": 1, "epoch": "E", "seq": 1, "source": "radio",
        "time": "2026-01-01T12:00:00Z", "state": "reconnecting", "reason": reason, "remedy": remedy,
    }));
    let lines = draw(&view, 60, 24);
    assert!(lines.iter().all(|line| measure_text_width(line) <= 60 && !line.contains('…')), "{lines:#?}");
    let told: Vec<_> =
        lines[4..].iter().take_while(|line| !line.contains("nothing")).map(|line| line.trim()).collect();
    assert_eq!(told.join(" "), format!("{reason} {remedy}"));
}

#[test]
fn sources_that_do_not_fit_are_counted() {
    let mut view = View::new("ws://127.0.0.1:8470/v1/events");
    let names: Vec<_> = (1..=9).map(|number| format!("radio{number}")).collect();
    view.apply(&json!({"type": "hello", "version": "0.1.0", "sources": names}));
    // Two lines of head, three for each source: five fit beside the note.
    let lines = draw(&view, 80, 19);
    assert_eq!(lines.len(), 18);
    assert!(lines.contains(&"radio5".to_owned()) && !lines.contains(&"radio6".to_owned()));
    assert_eq!(lines[17], "… 4 of 9 sources do not fit here");
    assert_eq!(draw(&view, 80, 30).len(), 29, "all fit");
}

#[test]
fn odd_probabilities_do_no_harm() {
    let mut view = met();
    let mut odd = window(7.0, false);
    odd["audio"].as_object_mut().expect("an object").remove("rms_dbfs");
    odd["state"] = "silence".into();
    odd["audio"]["silence"] = "digital_zero".into();
    view.apply(&odd);
    let lines = draw(&view, 80, 24);
    assert_eq!(lines[3], "radio · no signal");
    assert!(lines[5].ends_with(" 100 %"), "{:?}", lines[5]);
    assert!(lines[6].ends_with("   0 %"), "{:?}", lines[6]);
}
