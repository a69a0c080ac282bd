//! What the short run begins with: the inputs that `tools/fuzz` begins with, too. Touch it together with that.

use std::fs;
use std::path::{Path, PathBuf};

/// Longer ones would take the time of many.
const MOST_BYTES: u64 = 200_000;

/// An input that is kept in the repository.
pub(super) struct Input {
    /// Its path within the repository.
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Those of a target, in the order of their names.
pub(super) fn inputs(target: &str) -> Vec<Input> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files(&root.join("fuzz/seeds").join(target));
    match target {
        "decode" => paths.extend(files(&root.join("tests/fixtures/audio"))),
        "hls_segment" | "hls_playlist" => paths.extend(files(&root.join("tests/fixtures/hls"))),
        "config" => paths.push(root.join("config.toml")),
        "manifest" => {
            paths.extend(
                files(&root.join("models")).into_iter().filter(|path| path.ends_with("manifest.toml")),
            );
        }
        _ => {}
    }
    paths.sort();
    let small = |path: &PathBuf| fs::metadata(path).is_ok_and(|file| file.len() <= MOST_BYTES);
    let read = |path: PathBuf| Input {
        name: path.strip_prefix(root).unwrap_or(&path).display().to_string(),
        bytes: fs::read(&path).expect("readable"),
    };
    paths.into_iter().filter(small).map(read).collect()
}

/// All files below a folder, which may lack.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Whether a configuration has another address to listen on than the shipped one: a name in it would be resolved, and tests
/// ask nothing of the network.
pub(super) fn may_resolve_a_name(configuration: &str) -> bool {
    let lines = configuration.split(['\n', '\r']).filter(|line| !line.trim_start().starts_with('#'));
    lines.filter(|line| line.trim_end() != "listen = \"127.0.0.1:8470\"").any(|line| line.contains("listen"))
}

#[test]
fn only_the_shipped_address_is_read() {
    assert!(!may_resolve_a_name(include_str!("../../config.toml")));
    assert!(
        may_resolve_a_name("[server]\nlisten = \"example.org:1\"") && may_resolve_a_name("server.listen = 1")
    );
}
