//! Where the file of the configuration is looked for. Touch it when it is to be found elsewhere.

use std::path::PathBuf;

/// The places, the first that counts first.
pub(super) fn usual_places() -> Vec<PathBuf> {
    let config_home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    config_home
        .map(|folder| folder.join("genrecast/config.toml"))
        .into_iter()
        .chain([PathBuf::from("/etc/genrecast/config.toml")])
        .collect()
}
