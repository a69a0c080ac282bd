//! Holds SECURITY.md to its word: each threat names tests, and each of them exists. Touch it when threats are told otherwise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The names of all tests in a folder: functions below an attribute that says so.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("readable");
            let mut is_test = false;
            for line in text.lines().map(str::trim) {
                if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                    is_test = true;
                } else if is_test && let Some((_, name)) = line.split_once("fn ") {
                    found.extend(name.split(['(', '<']).next().map(str::to_owned));
                    is_test = false;
                }
            }
        }
    }
}

/// The rows of the tables of threats: what each is, and the tests that it names.
fn threats(text: &str) -> Vec<(String, Vec<String>)> {
    let (_, section) = text.split_once("\n## Threats\n").expect("the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| threat |"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [threat, _, held] = cells[..] else { panic!("three cells in {row}") };
        let names = held.split('`').skip(1).step_by(2).map(str::to_owned);
        (threat.to_owned(), names.collect())
    })
    .collect()
}

#[test]
fn every_threat_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("SECURITY.md")).expect("readable");
    let mut known = BTreeSet::new();
    tests(&root().join("src"), &mut known);
    tests(&root().join("tests"), &mut known);
    assert!(known.len() > 500, "{} tests found", known.len());
    let threats = threats(&text);
    assert!(threats.len() >= 25, "{} threats", threats.len());
    for (threat, names) in threats {
        assert!(!names.is_empty(), "no test holds this: {threat}");
        let missing: Vec<_> = names.iter().filter(|name| !known.contains(*name)).collect();
        assert!(missing.is_empty(), "there is no test {missing:?}, named by: {threat}");
    }
}
