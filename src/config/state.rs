//! Where the daemon keeps what it must remember. Touch it when the folder is to be found elsewhere.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folder of state: the one of `--state-dir`, else of `GENRECAST_STATE_DIR`, else the one that systemd made
/// (`STATE_DIRECTORY`, the first if there are several), else `genrecast` in the XDG state folder. `None` if the environment
/// names no home either. `variable` looks up a variable of the environment.
pub fn state_folder(flag: Option<&Path>, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG specification has relative paths ignored.
    let absolute = |name: &str| set(name).filter(|path| path.is_absolute());
    flag.map(Path::to_owned)
        .or_else(|| set("GENRECAST_STATE_DIR"))
        .or_else(|| set("STATE_DIRECTORY").map(first))
        .or_else(|| absolute("XDG_STATE_HOME").map(|home| home.join("genrecast")))
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state/genrecast")))
}

fn first(folders: PathBuf) -> PathBuf {
    match folders.to_str().and_then(|text| text.split_once(':')) {
        Some((first, _)) => PathBuf::from(first),
        None => folders,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_counts() {
        let mut variables = vec![
            ("HOME", "/home/a", "/home/a/.local/state/genrecast"),
            ("XDG_STATE_HOME", "/x", "/x/genrecast"),
            ("STATE_DIRECTORY", "/var/lib/genrecast:/var/lib/other", "/var/lib/genrecast"),
            ("GENRECAST_STATE_DIR", "rel/ative", "rel/ative"),
        ];
        let folder = |flag, known: &[(&str, &str, &str)]| {
            state_folder(flag, |name| {
                known.iter().find(|(known, _, _)| *known == name).map(|(_, value, _)| value.into())
            })
        };
        assert_eq!(folder(Some(Path::new("/flag")), &variables), Some("/flag".into()));
        while let Some((_, _, expected)) = variables.last() {
            assert_eq!(folder(None, &variables), Some(expected.into()));
            variables.pop();
        }
        assert_eq!(folder(None, &[]), None);
        assert_eq!(folder(None, &[("HOME", "", ""), ("XDG_STATE_HOME", "relative", "")]), None);
    }
}
