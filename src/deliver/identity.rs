//! Who this installation is, for ever: what Home Assistant knows its entities by. Touch it when it is to be kept elsewhere.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Name of the file in the folder of state.
const FILE_NAME: &str = "installation-id";

/// What systemd knows a machine by; it is not to be shown to others as it is.
const MACHINE_ID: &str = "/etc/machine-id";

/// Hexadecimal digits of an id.
const DIGITS: usize = 12;

/// An id of 12 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub id: String,
}

impl Identity {
    /// The one that is kept in this folder, made there if there is none yet; else one made of the machine's own, so that a
    /// folder that cannot be written costs nobody his entities. Waits for a disk.
    pub fn load(folder: Option<&Path>) -> Self {
        let why = match folder.map(kept) {
            Some(Ok(id)) => return Self { id },
            Some(Err(error)) => error.to_string(),
            None => "there is no folder of state".to_owned(),
        };
        match std::fs::read_to_string(MACHINE_ID) {
            Ok(machine) if !machine.trim().is_empty() => {
                tracing::info!(why, "the installation's id is made of the machine's");
                Self { id: of_machine(machine.trim()) }
            }
            _ => {
                tracing::warn!(
                    why,
                    "this installation has no id that stays: after a restart Home Assistant takes it for another; \
                     name a folder that can be written with --state-dir"
                );
                Self { id: fresh() }
            }
        }
    }
}

fn kept(folder: &Path) -> io::Result<String> {
    let path = folder.join(FILE_NAME);
    match read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Written whole before it has its name, and never over one that somebody else was quicker to write.
    let draft = folder.join(format!("{FILE_NAME}.{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", fresh())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, &path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(&path),
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(256).read_to_string(&mut text)?;
    let id = text.trim();
    if id.len() == DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(id.to_owned());
    }
    let wrong = format!("{} has no {DIGITS} hexadecimal digits; remove it to get another id", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidData, wrong))
}

fn fresh() -> String {
    let random = u128::from(ulid::Ulid::generate()) & ((1 << (4 * DIGITS)) - 1);
    format!("{random:0DIGITS$x}")
}

fn of_machine(machine: &str) -> String {
    let hash = Sha256::digest(format!("genrecast {machine}"));
    data_encoding::HEXLOWER.encode(&hash).chars().take(DIGITS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_once_and_stays() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let folder = place.child("a/b");
        let first = Identity::load(Some(&folder));
        assert_eq!(first.id.len(), DIGITS);
        assert_eq!(Identity::load(Some(&folder)), first);
        let other = Identity::load(Some(&place.child("c")));
        assert_ne!(other, first, "each installation has its own");
        assert_eq!(std::fs::read_dir(&folder).expect("readable").count(), 1, "no draft is left");
    }

    #[test]
    fn what_is_damaged_is_not_overwritten() {
        let place = temp_dir::TempDir::new().expect("a folder");
        std::fs::write(place.child(FILE_NAME), "rubbish").expect("written");
        let id = Identity::load(Some(place.path())).id;
        assert_eq!(id.len(), DIGITS);
        assert_eq!(std::fs::read_to_string(place.child(FILE_NAME)).expect("there"), "rubbish");
        assert_eq!(of_machine("x"), of_machine("x"));
        assert_ne!(of_machine("x"), of_machine("y"));
    }
}
