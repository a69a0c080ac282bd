//! The stable genre over made-up probabilities. Touch it together with `stable`.

use super::*;

fn settings() -> StableSettings {
    StableSettings {
        fast_seconds: 1.0,
        fast_evidence: 3.0,
        slow_seconds: 20.0,
        slow_evidence: 2.0,
        title_evidence: 1.0,
        minimum_seconds: 8.0,
        silence_seconds: 2.0,
        pause_seconds: 5.0,
        abstain_below: 0.4,
        lag_seconds: 0.0,
    }
}

/// Feeds one window a second; returns the changes with the times at which they were told.
fn run(
    stable: &mut StableGenre,
    from_s: u32,
    seconds: u32,
    p: &[f32],
    heard: Heard,
) -> Vec<(f64, StableChange)> {
    (from_s + 1..=from_s + seconds)
        .filter_map(|s| stable.push(p, heard, f64::from(s)).map(|change| (f64::from(s), change)))
        .collect()
}

/// The only change of these, its time, what ended and what began.
fn only(changes: &[(f64, StableChange)]) -> (f64, Option<Segment>, Segment) {
    match changes {
        [(at, StableChange::Changed { from, to })] => (*at, *from, *to),
        other => panic!("expected one change, got {other:?}"),
    }
}

#[test]
fn one_odd_window_changes_nothing_and_a_sure_change_is_told_soon_with_its_start() {
    let mut stable = StableGenre::new(settings());
    let (_, from, to) = only(&run(&mut stable, 0, 10, &[0.98, 0.02], Heard::Signal));
    assert_eq!((from, to.verdict, to.since_s), (None, Verdict::Label(0), 0.0));
    assert!(run(&mut stable, 10, 1, &[0.1, 0.9], Heard::Signal).is_empty());
    assert!(run(&mut stable, 11, 5, &[0.98, 0.02], Heard::Signal).is_empty());
    let (at, from, to) = only(&run(&mut stable, 16, 15, &[0.02, 0.98], Heard::Signal));
    assert!((17.0..=20.0).contains(&at), "{at}");
    assert_eq!(to.since_s, 17.0, "the first window that says so");
    let from = from.expect("a segment ended");
    assert_eq!(from.verdict, Verdict::Label(0));
    assert!(from.confidence.expect("a label has one") > 0.7);
}

#[test]
fn what_was_lost_counts_neither_as_lead_nor_as_silence() {
    let mut stable = StableGenre::new(settings());
    run(&mut stable, 0, 10, &[0.98, 0.02], Heard::Signal);
    run(&mut stable, 10, 1, &[0.1, 0.9], Heard::Signal);
    stable.interrupted(71.0);
    assert!(run(&mut stable, 71, 1, &[0.1, 0.9], Heard::Signal).is_empty(), "a lead of one window");
    stable.interrupted(172.0);
    assert!(run(&mut stable, 172, 1, &[0.1, 0.9], Heard::Quiet).is_empty(), "a silence of one window");
}

#[test]
fn nothing_certain_is_unknown_and_silence_needs_its_time() {
    let mut stable = StableGenre::new(settings());
    run(&mut stable, 0, 10, &[0.9, 0.1, 0.0], Heard::Signal);
    let (_, _, to) = only(&run(&mut stable, 10, 190, &[0.34, 0.33, 0.33], Heard::Signal));
    assert_eq!(to.verdict, Verdict::Unknown);
    assert!(run(&mut stable, 200, 1, &[0.34, 0.33, 0.33], Heard::Quiet).is_empty());
    assert!(!stable.is_silent());
    assert!(run(&mut stable, 201, 3, &[0.34, 0.33, 0.33], Heard::Quiet).is_empty());
    assert!(stable.is_silent());
    let (at, _, to) = only(&run(&mut stable, 204, 4, &[0.34, 0.33, 0.33], Heard::DigitalZero));
    assert_eq!((at, to.verdict, to.since_s), (205.0, Verdict::Silence, 200.0), "silence began when it began");
    let (_, from, to) = only(&run(&mut stable, 208, 10, &[0.9, 0.05, 0.05], Heard::Signal));
    assert_eq!(from.map(|segment| segment.verdict), Some(Verdict::Silence));
    assert_eq!((to.verdict, to.since_s), (Verdict::Label(0), 209.0));
}

#[test]
fn a_title_makes_a_change_likelier_and_is_none() {
    // ln(0.93 / 0.07) is 2.6: below 3, and above what a title leaves of it.
    let new = [0.07, 0.93];
    let change = |between: &dyn Fn(&mut StableGenre)| {
        let mut stable = StableGenre::new(settings());
        run(&mut stable, 0, 30, &[0.98, 0.02], Heard::Signal);
        between(&mut stable);
        run(&mut stable, 34, 10, &new, Heard::Signal).len()
    };
    assert_eq!(change(&|stable| drop(run(stable, 30, 4, &[0.98, 0.02], Heard::Signal))), 0);
    assert_eq!(
        change(&|stable| {
            run(stable, 30, 4, &[0.98, 0.02], Heard::Signal);
            stable.title(33.0);
            assert!(stable.push(&[0.9, 0.1], Heard::Signal, 34.0).is_none());
        }),
        1
    );
}

#[test]
fn later_evidence_corrects_the_start() {
    let mut stable = StableGenre::new(settings());
    run(&mut stable, 0, 30, &[0.98, 0.02], Heard::Signal);
    let (_, _, told) = only(&run(&mut stable, 30, 4, &[0.02, 0.98], Heard::Signal));
    assert_eq!(told.since_s, 31.0);
    // It was a false start: the old genre is surer than ever for some seconds, too few to be told.
    assert!(run(&mut stable, 34, 5, &[0.999, 0.001], Heard::Signal).is_empty());
    let later = run(&mut stable, 39, 30, &[0.02, 0.98], Heard::Signal);
    match later[..] {
        [(at, StableChange::Corrected { told_s, segment })] => {
            assert!((52.0..=58.0).contains(&at), "{at}");
            assert_eq!((told_s, segment.since_s), (31.0, 40.0));
            assert_eq!(stable.current(), segment);
        }
        ref other => panic!("expected one correction, got {other:?}"),
    }
}

#[test]
fn talk_and_noise_hold_what_is_stable_however_long_they_last() {
    let mut stable = StableGenre::new(settings());
    run(&mut stable, 0, 10, &[0.98, 0.02], Heard::Music);
    for (n, heard) in [Heard::Speech, Heard::Mixed, Heard::Noise].into_iter().enumerate() {
        assert!(run(&mut stable, 10 + 60 * n as u32, 60, &[0.0, 1.0], heard).is_empty());
    }
    assert_eq!(stable.current().verdict, Verdict::Label(0));
    let (at, _, to) = only(&run(&mut stable, 190, 10, &[0.02, 0.98], Heard::Music));
    assert_eq!(to.verdict, Verdict::Label(1));
    assert!(at > 190.0);
}
