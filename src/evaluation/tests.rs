//! The figures of eight clips against those of scikit-learn 1.9.1, scipy 1.17.1 and numpy 2.4.6.
//! Touch it with a formula.

use super::*;

/// Genre and probabilities of four labels, a to d; no clip is a d, and one is named so.
const CLIPS: [(usize, [f32; 4]); 8] = [
    (0, [0.7, 0.1, 0.1, 0.1]),
    (0, [0.2, 0.5, 0.19, 0.11]),
    // Two labels lead: the first counts, as numpy's argmax has it.
    (0, [0.4, 0.4, 0.1, 0.1]),
    (1, [0.05, 0.9, 0.03, 0.02]),
    (1, [0.3, 0.21, 0.29, 0.2]),
    (2, [0.1, 0.1, 0.6, 0.2]),
    (2, [0.25, 0.45, 0.2, 0.1]),
    (0, [0.1, 0.2, 0.3, 0.4]),
];

fn clip((genre, p): (usize, [f32; 4])) -> ScoredClip {
    ScoredClip { genre, p: p.to_vec(), windows: Vec::new() }
}

fn labels() -> Vec<String> {
    ["a", "b", "c", "d"].map(String::from).into()
}

fn measured() -> Measures {
    measure(&labels(), &CLIPS.map(clip)).expect("there are clips")
}

#[track_caller]
fn close(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-6, "{value}, expected {expected}");
}

#[test]
fn accuracy_and_what_the_labels_have_of_it() {
    let measured = measured();
    assert_eq!((measured.accuracy, measured.n, measured.top_2, measured.top_3), (0.5, 8, 0.625, 0.875));
    let [low, high] = measured.accuracy_interval_95;
    close(low, 0.215_216_062);
    close(high, 0.784_783_938);
    // precision_recall_fscore_support(zero_division=0)
    let expected = [
        ("a", 4, 2.0 / 3.0, 0.5, 0.571_428_571),
        ("b", 2, 1.0 / 3.0, 0.5, 0.4),
        ("c", 2, 1.0, 0.5, 2.0 / 3.0),
        ("d", 0, 0.0, 0.0, 0.0),
    ];
    for (genre, (label, clips, precision, recall, f1)) in measured.genres.iter().zip(expected) {
        assert_eq!((genre.label.as_str(), genre.clips), (label, clips));
        close(genre.precision, precision);
        close(genre.recall, recall);
        close(genre.f1, f1);
    }
    close(measured.macro_f1, 0.409_523_810);
    assert_eq!(measured.confusion.rows, [[2, 1, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]]);
    assert_eq!((measured.confusion.clips(0), measured.confusion.share(0, 3)), (4, 0.25));
    assert_eq!(measured.confusion.share(3, 0), 0.0);
}

#[test]
fn certainty() {
    let measured = measured();
    // log_loss, and numpy on the bins min(int(15 p), 14).
    close(measured.nll, 1.121_407_557);
    close(measured.ece_15, 0.231_25);
    let accuracy: Vec<f64> = measured.risk_coverage.iter().map(|at| at.accuracy).collect();
    let expected = [1.0, 1.0, 1.0, 0.75, 0.75, 0.6, 2.0 / 3.0, 4.0 / 7.0, 0.5, 0.5];
    assert_eq!(accuracy.len(), expected.len());
    accuracy.into_iter().zip(expected).for_each(|(value, expected)| close(value, expected));
    assert_eq!(measured.risk_coverage[6].coverage, 0.7);
}

#[test]
fn a_probability_of_zero_or_one_has_a_finite_price() {
    let clips = [clip((0, [0.0, 1.0, 0.0, 0.0])), clip((1, [0.0, 1.0, 0.0, 0.0]))];
    let measured = measure(&labels(), &clips).expect("there are clips");
    close(measured.nll, -1e-12f64.ln() / 2.0);
    // Both are in the last bin: half right, wholly sure.
    assert_eq!(measured.ece_15, 0.5);
    assert_eq!(measure(&labels(), &[]), None);
}

#[test]
fn the_interval_is_wilsons() {
    // scipy.stats.binomtest(hits, n).proportion_ci(0.95, "wilson")
    for (hits, n, low, high) in
        [(0, 5, 0.0, 0.434_482_465), (5, 5, 0.565_517_535, 1.0), (108, 197, 0.478_467_300, 0.616_134_681)]
    {
        let items: Vec<usize> = (0..n).collect();
        let interval = Share::of(&items, |&item| item < hits).expect("items").interval_95();
        close(interval[0], low);
        close(interval[1], high);
    }
}

#[test]
fn a_moment_is_told_by_the_nearest_window() {
    let window = |end_s, named| ScoredWindow { end_s, named };
    let heard = |genre, windows| ScoredClip { genre, p: vec![1.0, 0.0, 0.0, 0.0], windows };
    let clips = [
        heard(0, vec![window(2.8, 1), window(3.8, 0), window(5.8, 0), window(6.2, 1), window(29.9, 0)]),
        heard(1, vec![window(2.9, 1), window(3.05, 0), window(7.1, 1)]),
    ];
    let told = measure(&labels(), &clips).expect("there are clips").seconds_heard;
    let expected = [
        // 2.8 s says 1 of genre 0, 3.05 s says 0 of genre 1.
        SecondsHeard { seconds: 3, accuracy: 0.0, n: 2 },
        // Of two equally near the earlier; 7.1 s is too far.
        SecondsHeard { seconds: 6, accuracy: 1.0, n: 1 },
        SecondsHeard { seconds: 30, accuracy: 1.0, n: 1 },
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_labels_keep_their_order_as_keys() {
    let labels = ["rock", "blues"].map(String::from);
    let clips = [ScoredClip { genre: 1, p: vec![0.25, 0.75], windows: Vec::new() }];
    let json = serde_json::to_string(&measure(&labels, &clips)).expect("JSON");
    let (rock, blues) = (json.find("\"rock\":{"), json.find("\"blues\":{"));
    assert!(rock.is_some() && rock < blues, "{json}");
    assert!(
        json.contains(r#""confusion":{"labels":["rock","blues"],"rows_true_columns_named":[[0,0],[0,1]]}"#)
    );
}
