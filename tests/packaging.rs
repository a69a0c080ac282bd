//! What the Debian package and the container are made of agrees with itself, without one being built: `./test package` does
//! that where its tools are. Touch it when the package is to hold something else.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// `[package]` of Cargo.toml.
fn package() -> Table {
    let manifest: Table = text("Cargo.toml").parse().expect("TOML");
    manifest["package"].as_table().expect("a table").clone()
}

/// From where and to where each of the package's files goes.
fn assets() -> Vec<(String, String)> {
    let package = package();
    let assets = package["metadata"]["deb"]["assets"].as_array().expect("a list");
    let of = |asset: &Value| {
        let place = |at: usize| asset[at].as_str().expect("text").to_owned();
        (place(0), place(1))
    };
    assets.iter().map(of).collect()
}

/// Whether the package puts a file at this place.
fn is_packed(place: &str) -> bool {
    assets().iter().any(|(from, to)| {
        let name = Path::new(from).file_name().expect("a name").to_string_lossy();
        let to = if to.ends_with('/') { format!("{to}{name}") } else { to.clone() };
        format!("/{to}") == place
    })
}

#[test]
fn what_is_packed_is_there() {
    let assets = assets();
    for (from, _) in &assets {
        // cargo and tools/build-deb make those of target/.
        if !from.starts_with("target/") {
            let path = from.split('*').next().expect("a beginning");
            assert!(root().join(path).exists(), "Cargo.toml packs {from}, which there is not");
        }
    }
    let made = text("tools/build-deb");
    for (from, _) in assets.iter().filter(|(from, _)| from.starts_with("target/release/deb/")) {
        let name = Path::new(from).file_name().expect("a name").to_string_lossy();
        assert!(name.contains('*') || made.contains(&*name), "tools/build-deb does not make {from}");
    }
}

#[test]
fn what_the_units_name_is_packed() {
    for unit in ["genrecast.service", "genrecast@.service"] {
        let text = text(&format!("systemd/{unit}"));
        let value = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)).expect(key);
            line.split_whitespace().next().expect("a value").to_owned()
        };
        for place in [value("ExecStart="), value("Documentation=file:")] {
            assert!(is_packed(&place), "{unit} names {place}, which is not packed");
        }
    }
    assert!(is_packed("/etc/genrecast/config.toml"), "the settings are a conffile, so they lie in /etc");
}

#[test]
fn versions_and_maintainer_are_the_same_everywhere() {
    let (package, changelog) = (package(), text("packaging/debian/changelog"));
    let version = package["version"].as_str().expect("text");
    let first = changelog.lines().next().expect("a line");
    assert!(first.starts_with(&format!("genrecast ({version}-")), "{first}, but Cargo.toml has {version}");
    let maintainer = package["metadata"]["deb"]["maintainer"].as_str().expect("text");
    let signed = changelog.lines().find(|line| line.starts_with(" -- ")).expect("a signature");
    assert!(signed.starts_with(&format!(" -- {maintainer}  ")), "{signed}, but Cargo.toml has {maintainer}");
    let rust = package["rust-version"].as_str().expect("text");
    let image = format!("FROM docker.io/library/rust:{rust}-");
    assert!(text("Containerfile").lines().any(|line| line.starts_with(&image)), "Containerfile: {image}…");
}

#[test]
fn the_copyright_names_whose_weights_are_in_it() {
    let copyright = text("packaging/debian/copyright");
    let files =
        copyright.lines().filter_map(|line| line.strip_prefix("Files: ")).filter(|files| *files != "*");
    let named: Vec<_> = files.filter_map(|file| file.strip_prefix("usr/share/genrecast/")).collect();
    for file in &named {
        assert!(root().join(file).is_file(), "packaging/debian/copyright names {file}, which there is not");
    }
    // A pretrained model of two parts has its encoder from elsewhere; the others are our own.
    let mut from_elsewhere = 0;
    for model in fs::read_dir(root().join("models")).expect("a folder") {
        let name = format!("models/{}", model.expect("an entry").file_name().to_string_lossy());
        let encoder = format!("{name}/encoder.onnx");
        if root().join(&encoder).is_file() {
            let pretrained =
                text(&format!("{name}/manifest.toml")).lines().any(|line| line == "pretrained = true");
            assert_eq!(named.contains(&&*encoder), pretrained, "packaging/debian/copyright, {encoder}");
            from_elsewhere += usize::from(pretrained);
        }
    }
    assert!(from_elsewhere > 0);
    assert_eq!(from_elsewhere, named.len(), "encoders whose authors are named");
}

#[test]
fn maintainer_scripts_let_debhelper_in_and_stop_at_errors() {
    for name in ["prerm", "postrm"] {
        let script = text(&format!("packaging/debian/{name}"));
        assert!(script.starts_with("#!/bin/sh\nset -e\n"), "{name}: errors end it");
        assert!(
            script.lines().any(|line| line == "#DEBHELPER#"),
            "{name}: the units' own part goes in there"
        );
    }
}
