//! `evaluate`: which clips it takes, that it says of each what `classify` says, what it tells and how it ends.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;
use temp_dir::TempDir;

use crate::support::{Ran, music, refused, root, run, toy, with_tract, write_wav};

/// A folder with three clips of the genre a, of which one is a link, and two of c, which is a link as a whole.
struct Clips {
    place: TempDir,
    folder: PathBuf,
}

impl Clips {
    fn new() -> Self {
        let place = TempDir::new().expect("a folder");
        let folder = place.path().join("clips");
        let elsewhere = place.path().join("elsewhere");
        for folder in [&folder.join("a"), &folder.join("b"), &elsewhere] {
            fs::create_dir_all(folder).expect("created");
        }
        let sound = music(16_000, 9.0);
        for (name, from, to) in [("a/one.wav", 0, 4), ("a/three.wav", 2, 3), ("../elsewhere/four.wav", 3, 8)]
        {
            write_wav(&folder.join(name), 16_000, 1, &sound[from * 16_000..to * 16_000]);
        }
        let fixture = |name: &str| root().join("tests/fixtures/audio").join(name);
        symlink(fixture("stereo.flac"), folder.join("a/two.flac")).expect("linked");
        fs::copy(fixture("mono.ogg"), elsewhere.join("sound without a suffix")).expect("copied");
        symlink(&elsewhere, folder.join("c")).expect("linked");
        Self { place, folder }
    }

    fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, content).expect("written");
        path
    }

    fn evaluate(&self, arguments: &[&str]) -> Ran {
        run(toy(&mut with_tract("evaluate")).arg(&self.folder).args(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.evaluate(&[&["--json"], arguments].concat());
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        serde_json::from_str(&ran.stdout).expect("JSON")
    }
}

fn names<'a>(list: &'a Value) -> Vec<&'a str> {
    let name = |item: &'a Value| item["name"].as_str().expect("a name");
    list.as_array().expect("a list").iter().map(name).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The overall result of `classify`, as `evaluate` has it: each label's p.
fn classified(path: &Path) -> Value {
    let ran = run(toy(&mut with_tract("classify")).args(["--json"]).arg(path));
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let scores = report["top"].as_array().expect("a list").iter();
    scores.map(|score| (score["label"].as_str().expect("a label").to_owned(), score["p"].clone())).collect()
}

#[test]
fn every_clip_gets_what_classify_gives_and_the_report_has_the_keys_of_the_contract() {
    let clips = Clips::new();
    let report = clips.json(&[]);
    #[rustfmt::skip]
    assert_eq!(keys(&report), [
        "accuracy", "accuracy_interval_95", "confusion", "ece_15", "ece_15_if_calibrated_95", "failed", "genres", "input",
        "left_out", "macro_f1", "model", "n", "nll", "per_clip", "risk_coverage", "seconds_heard", "top_2", "top_3",
    ]);
    let per_clip = &report["per_clip"];
    let expected = ["a/one.wav", "a/three.wav", "a/two.flac", "c/four.wav", "c/sound without a suffix"];
    assert_eq!(names(per_clip), expected);
    assert_eq!((report["n"].as_u64(), keys(&report["model"]).len()), (Some(5), 4));
    let mut right = 0;
    for clip in per_clip.as_array().expect("a list") {
        assert_eq!(keys(clip), ["genre", "name", "p"]);
        let name = clip["name"].as_str().expect("a name");
        assert_eq!(clip["p"], classified(&clips.folder.join(name)), "{name}");
        assert_eq!(clip["genre"], name[..1]);
        let p = |label: &str| clip["p"][label].as_f64().expect("a probability");
        right += usize::from(["a", "b", "c", "d"].iter().all(|label| p(&name[..1]) >= p(label)));
    }
    assert_eq!(report["accuracy"], right as f64 / 5.0);
    assert_eq!(keys(&report["genres"]), ["a", "b", "c", "d"]);
    assert_eq!(keys(&report["genres"]["a"]), ["clips", "f1", "precision", "recall"]);
    let counts = report["confusion"]["rows_true_columns_named"].as_array().expect("rows").iter();
    let counts =
        counts.map(|row| row.as_array().expect("a row").iter().filter_map(Value::as_u64).sum::<u64>());
    assert_eq!(counts.collect::<Vec<_>>(), [3, 0, 2, 0]);
    assert_eq!(report["risk_coverage"][9]["accuracy"], report["accuracy"]);
    // Clips of 4 and 5 s are long enough for a window that ends about 3 s after their beginning.
    let heard = report["seconds_heard"].as_array().expect("a list");
    assert_eq!((heard[0]["seconds"].as_u64(), heard[0]["n"].as_u64()), (Some(3), Some(2)));
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let clips = Clips::new();
    let one = clips.evaluate(&["--json", "--jobs", "1"]);
    for jobs in ["2", "3", "64"] {
        let ran = clips.evaluate(&["--json", "--jobs", jobs]);
        assert_eq!((ran.status, &ran.stdout), (one.status, &one.stdout), "{jobs}");
    }
    refused(&clips.evaluate(&["--jobs", "0"]), 2, &["--jobs"]);
}

#[test]
fn what_is_no_clip_is_left_out_and_told() {
    let clips = Clips::new();
    let before = clips.json(&[]);
    clips.write("README", b"of the folder\n");
    clips.write("a/.hidden.wav", b"no sound\n");
    clips.write("a/cover.png", b"\x89PNG\r\n\x1a\n");
    clips.write("a/notes.txt", b"No music, only words.\n");
    fs::create_dir(clips.folder.join("a/more")).expect("created");
    fs::create_dir(clips.folder.join(".git")).expect("created");
    symlink("nowhere", clips.folder.join("b/gone")).expect("linked");
    let ran = clips.evaluate(&["--json"]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["per_clip"], before["per_clip"]);
    let expected = [".git", "README", "a/.hidden.wav", "a/more", "a/cover.png", "a/notes.txt", "b/gone"];
    assert_eq!(names(&report["left_out"]), expected);
    let reasons = ["hidden", "not in the folder", "hidden", "within", "PNG", "text", "no file"];
    for (passed, reason) in report["left_out"].as_array().expect("a list").iter().zip(reasons) {
        assert!(passed["reason"].as_str().expect("a reason").contains(reason), "{passed}");
    }
    assert!(ran.stderr.contains("left out 7"), "{}", ran.stderr);
    expected.iter().for_each(|name| assert!(ran.stderr.contains(name), "{}", ran.stderr));
}

#[test]
fn a_genre_that_the_model_does_not_know_is_refused_with_those_it_knows() {
    let clips = Clips::new();
    fs::create_dir(clips.folder.join("polka")).expect("created");
    let ran = clips.evaluate(&["--json"]);
    refused(&ran, 2, &["polka", "toy-window", "a, b, c, d"]);
    assert_eq!(ran.stdout, "");
    let empty = TempDir::new().expect("a folder");
    let evaluate = |folder: &Path| run(toy(&mut with_tract("evaluate")).arg(folder));
    refused(&evaluate(empty.path()), 2, &["DIR/GENRE/*", "a, b, c, d", "--list"]);
    fs::create_dir(empty.path().join("a")).expect("created");
    refused(&evaluate(empty.path()), 3, &["no clip to evaluate"]);
    refused(&evaluate(&empty.path().join("none")), 3, &["none", "cannot be read"]);
}

#[test]
fn a_clip_that_cannot_be_heard_is_told_and_the_rest_is_evaluated() {
    let clips = Clips::new();
    let before = clips.json(&[]);
    clips.write("b/words.mp3", b"No music, only words.\n");
    // Audio that cannot be decoded is no less a clip.
    clips.write("b/sun.au", &[&b".snd\0\0\0\x18"[..], &[0x55; 4_000]].concat());
    symlink("nowhere", clips.folder.join("b/gone.flac")).expect("linked");
    let ran = clips.evaluate(&["--json"]);
    refused(&ran, 5, &["b/words.mp3: it is text", "b/gone.flac: there is no file", "3 of the clips"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(names(&report["failed"]), ["b/gone.flac", "b/sun.au", "b/words.mp3"]);
    for key in ["per_clip", "accuracy", "confusion", "left_out"] {
        assert_eq!(report[key], before[key], "{key}");
    }

    let long = fs::read(root().join("tests/fixtures/audio/plain.mp3")).expect("a fixture").repeat(4);
    clips.write("b/cut.mp3", &long[..30_000]);
    let ran = clips.evaluate(&["--json"]);
    refused(&ran, 5, &["b/cut.mp3: ended after", "1 not to the end"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let cut = &report["per_clip"][3];
    assert!(cut["name"] == "b/cut.mp3" && cut["damage"].as_str().expect("told").contains("ended after"));
    assert_eq!(report["n"], 6);

    for genre in ["a", "c"] {
        let path = clips.folder.join(genre);
        if path.is_symlink() { fs::remove_file(path) } else { fs::remove_dir_all(path) }.expect("removed");
    }
    fs::remove_file(clips.folder.join("b/cut.mp3")).expect("removed");
    let ran = clips.evaluate(&["--json"]);
    refused(&ran, 4, &["no clip could be heard", "b/gone.flac", "nor could 2 more"]);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_list_names_the_clips() {
    let clips = Clips::new();
    let list = clips.place.path().join("list.csv");
    let with = |content: &str, arguments: &[&str]| {
        fs::write(&list, content).expect("written");
        let named = ["--list", list.to_str().expect("UTF-8")];
        clips.evaluate(&[&["--json"], &named[..], arguments].concat())
    };
    let of = |ran: &Ran| -> Value {
        assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
        serde_json::from_str(&ran.stdout).expect("JSON")
    };
    // In the order of the list; a name without its suffix, one in quotes, a column that nobody asked for.
    let text = "\u{feff}genre,clip,split,year\r\nd,c/four,valid,1999\r\nb,\"a/one.wav\",train,2001\r\na,a/two,valid,\r\n";
    let report = of(&with(text, &[]));
    assert_eq!(names(&report["per_clip"]), ["c/four", "a/one.wav", "a/two"]);
    assert_eq!(report["per_clip"][0]["genre"], "d");
    assert_eq!(report["per_clip"][0]["p"], classified(&clips.folder.join("c/four.wav")));
    let valid = of(&with(text, &["--split", "valid"]));
    assert_eq!(names(&valid["per_clip"]), ["c/four", "a/two"]);

    refused(&with(text, &["--split", "test"]), 2, &["list.csv", "no row whose split is test"]);
    refused(
        &with("clip,genre\na/one,a\n", &["--split", "valid"]),
        2,
        &["split is missing, found clip, genre"],
    );
    refused(&with("clip;genre\na/one;a\n", &[]), 2, &["clip is missing", "clip;genre"]);
    refused(&with("clip,genre\n", &[]), 2, &["no row"]);
    refused(&with("clip,genre\na/one\n", &[]), 2, &["list.csv", "line: 2"]);
    refused(&with("clip,genre\na/one,a\na/two,a\na/one,b\n", &[]), 2, &["list.csv", "a/one is there twice"]);
    refused(&with("clip,genre\na/none,a\na/nothing,b\n", &[]), 3, &["no clip could be heard", "a/none"]);
    refused(&with("clip,genre\na/one,polka\n", &[]), 2, &["polka", "a, b, c, d"]);
    let ran = with("clip,genre\na/one,a\na/none,b\n", &[]);
    refused(&ran, 5, &["a/none: there is no file"]);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!((names(&report["per_clip"]), names(&report["failed"])), (vec!["a/one"], vec!["a/none"]));
    refused(&clips.evaluate(&["--split", "valid"]), 2, &["--list"]);
    refused(&clips.evaluate(&["--list", "/none.csv"]), 3, &["/none.csv"]);
}

#[test]
fn people_get_figures_and_a_matrix_and_whoever_wants_a_drawing() {
    let clips = Clips::new();
    let svg = clips.place.path().join("matrix.svg");
    let ran = clips.evaluate(&["--svg", svg.to_str().expect("UTF-8")]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
    let report = clips.json(&[]);
    let accuracy = format!("{:.1} %", report["accuracy"].as_f64().expect("a number") * 100.0);
    for part in
        ["toy-window on tract (cpu)", &accuracy, "of 5 clips; 95 % interval", "macro F1", "recall", "heard"]
    {
        assert!(ran.stdout.contains(part), "no {part:?} in {}", ran.stdout);
    }
    let lines: Vec<_> = ran.stdout.lines().collect();
    let input = clips.folder.display().to_string();
    assert!(lines.iter().all(|line| line.contains(&input) || line.chars().count() <= 80), "{}", ran.stdout);
    assert!(!ran.stdout.contains('\u{1b}'), "colours belong to terminals");
    // The matrix stands last: what is named, then a row a genre.
    let cells = |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
    let matrix: Vec<_> = lines[lines.len() - 5..].iter().map(|line| cells(line)).collect();
    assert_eq!(matrix[0], ["a", "b", "c", "d"]);
    for (row, counts) in
        matrix[1..].iter().zip(report["confusion"]["rows_true_columns_named"].as_array().expect("rows"))
    {
        for (cell, count) in row[1..].iter().zip(counts.as_array().expect("a row")) {
            let digits = cell.trim_end_matches(|c: char| !c.is_ascii_digit());
            assert_eq!(digits.parse().unwrap_or(0), count.as_u64().expect("a count"), "{}", ran.stdout);
        }
    }
    let drawn = fs::read_to_string(&svg).expect("written");
    let document = roxmltree::Document::parse(&drawn).expect("XML");
    assert_eq!(document.descendants().filter(|node| node.has_tag_name("g")).count(), 16);
    for place in ["/none/matrix.svg", clips.folder.to_str().expect("UTF-8")] {
        refused(&clips.evaluate(&["--svg", place]), 2, &["--svg", place, "cannot be written"]);
    }
    let unused = clips.place.path().join("unused.svg");
    let ran = clips.evaluate(&["--list", "/none.csv", "--svg", unused.to_str().expect("UTF-8")]);
    refused(&ran, 3, &["/none.csv"]);
    assert!(!unused.exists(), "nothing is left behind where nothing was drawn");
}
