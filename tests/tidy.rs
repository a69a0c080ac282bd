//! Holds the house to its rules: every file says what it owns, none grows too long, and rooms do not import each
//! other. ARCHITECTURE.md says why.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Longest file, in lines.
const LONGEST: usize = 300;

/// What each room may import of the crate, besides itself.
const MAY_IMPORT: [(&str, &[&str]); 17] = [
    ("hearing", &["decide", "event", "features", "manifest", "model", "pipeline", "source", "units"]),
    ("upload", &["catalogue", "event", "hearing", "manifest", "model", "pipeline", "source"]),
    ("catalogue", &["manifest", "model"]),
    ("source", &["backoff", "dial", "event", "stats", "units"]),
    ("deliver", &["backoff", "dial", "event", "hub"]),
    ("dial", &[]),
    ("evaluation", &[]),
    ("features", &["manifest", "units"]),
    ("model", &["event", "manifest"]),
    ("decide", &[]),
    ("hub", &["event", "stats"]),
    ("history", &["event", "hub"]),
    ("server", &["catalogue", "event", "history", "hub", "stats", "upload"]),
    ("client", &["backoff", "event"]),
    ("manifest", &[]),
    ("config", &["decide", "deliver", "dial", "model", "pipeline", "server", "source", "upload"]),
    ("pipeline", &["decide", "features", "manifest", "model", "units"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_file_says_what_it_owns() {
    let mut bad = Vec::new();
    for folder in ["src", "tests", "examples", "benches"] {
        for path in sources(&root().join(folder)) {
            if !fs::read_to_string(&path).expect("readable").starts_with("//! ") {
                bad.push(path);
            }
        }
    }
    assert!(bad.is_empty(), "expected a first line that begins with //! in {bad:#?}");
}

#[test]
fn no_file_is_too_long() {
    let mut checked = 0;
    for folder in ["src", "tests", "examples", "benches"] {
        for path in sources(&root().join(folder)) {
            let lines = fs::read_to_string(&path).expect("readable").lines().count();
            assert!(lines <= LONGEST, "{} has {lines} lines: split it by idea", path.display());
            checked += 1;
        }
    }
    assert!(checked > 80, "{checked} files checked");
}

/// The page's own files, but for what npm and Vite make.
fn page_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("node_modules") && !path.ends_with("dist") {
                found.extend(page_files(&path));
            }
        } else if path
            .extension()
            .is_some_and(|extension| ["ts", "tsx", "js", "css"].iter().any(|of| extension == *of))
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_page_keeps_the_same_rules() {
    let files = page_files(&root().join("web"));
    assert!(files.len() > 50, "{} files of the page", files.len());
    for path in files {
        let text = fs::read_to_string(&path).expect("readable");
        let says = text.starts_with("// ") || text.starts_with("/* ");
        assert!(says, "expected {} to begin with a comment on what it owns", path.display());
        let lines = text.lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines: split it by idea", path.display());
    }
}

/// The modules of the crate that a text imports.
fn imports(text: &str) -> BTreeSet<String> {
    text.match_indices("crate::").flat_map(|(at, path)| heads(&text[at + path.len()..])).collect()
}

/// The first names of a path; a braced list has several.
fn heads(path: &str) -> Vec<String> {
    let path = path.trim_start();
    let Some(list) = path.strip_prefix('{') else {
        let name: String = path.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        return if name.is_empty() { Vec::new() } else { vec![name] };
    };
    let (mut found, mut depth, mut begins) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.extend(heads(&list[begins..at]));
                begins = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn rooms_do_not_import_each_other() {
    let mut seen = 0;
    for (room, allowed) in MAY_IMPORT {
        for path in sources(&root().join("src").join(room)) {
            let text = fs::read_to_string(&path).expect("readable");
            for module in imports(&text) {
                let is_module = root().join("src").join(&module).is_dir()
                    || root().join("src").join(format!("{module}.rs")).is_file();
                if !is_module || module == room {
                    continue;
                }
                seen += 1;
                assert!(allowed.contains(&module.as_str()), "{} imports crate::{module}", path.display());
            }
        }
    }
    assert!(seen > 30, "{seen} imports seen");
}

#[test]
fn the_rules_notice_what_they_forbid() {
    assert_eq!(imports("use crate::{hub::Hub, event};").len(), 2);
    assert!(imports("let x = crate::server::bind();").contains("server"));
    let nested = "use crate::{\n    a::{b::{self}, c},\n    hub::{Hub, Entry},\n    {server, event::Event},\n}; {config}";
    assert_eq!(imports(nested), ["a", "event", "hub", "server"].map(String::from).into());
}
