//! A password or a key, from a file of its own, never shown. Touch it when secrets are to come from elsewhere.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Longest secret, in bytes.
const LONGEST: u64 = 4096;

/// What nobody else is to know. Printed, it says only that it is there.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

/// A secret that was read.
#[derive(Debug, Clone)]
pub struct SecretFile {
    /// What stands in the file's first line.
    pub secret: Secret,
    /// What is not as it should be, and how to mend it.
    pub warning: Option<String>,
}

/// Why a file gives no secret.
#[derive(Debug, thiserror::Error)]
#[error("the file {}: {reason}", .path.display())]
pub struct SecretError {
    path: PathBuf,
    reason: String,
}

impl Secret {
    /// Takes this text for one.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl SecretFile {
    /// Reads the first line of a file. A bare name is looked for among the credentials first that systemd hands to its
    /// service (`credentials` is their folder).
    ///
    /// # Errors
    /// [`SecretError`] if it cannot be read, is not UTF-8, empty or too long.
    pub fn read(path: &Path, credentials: Option<&Path>) -> Result<Self, SecretError> {
        let bare = path.components().count() == 1;
        let credential = credentials.filter(|_| bare).map(|folder| folder.join(path));
        let path = credential.filter(|path| path.is_file()).unwrap_or_else(|| path.to_owned());
        let failed = |reason: String| SecretError { path: path.clone(), reason };
        let io = |error: std::io::Error| failed(format!("cannot be read: {error}"));
        let file = File::open(&path).map_err(io)?;
        let mode = file.metadata().map_err(io)?.permissions().mode();
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > LONGEST {
            return Err(failed(format!("expected a line of at most {LONGEST} bytes")));
        }
        let text = String::from_utf8(bytes).map_err(|_| failed("must be a line of UTF-8 text".into()))?;
        let line = text.lines().next().unwrap_or_default().trim_end();
        if line.is_empty() {
            return Err(failed("its first line is empty; write the secret into it".into()));
        }
        let warning = (mode & 0o004 != 0).then(|| {
            let path = path.display();
            format!("every user of this machine can read the secret in {path}; chmod o-r {path}")
        });
        Ok(Self { secret: Secret::new(line), warning })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_line_and_is_never_printed() {
        let place = temp_dir::TempDir::new().expect("a folder");
        let path = place.child("secret");
        let read = |bytes: &[u8], mode| {
            std::fs::write(&path, bytes).expect("written");
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set");
            SecretFile::read(&path, None)
        };
        let read_well = read(b"s3cret word\nmore\n", 0o600).expect("sound");
        assert_eq!((read_well.secret.reveal(), &read_well.warning), ("s3cret word", &None));
        assert!(!format!("{read_well:?}").contains("s3cret"));
        assert!(read(b"x", 0o644).expect("sound").warning.expect("told").contains("chmod o-r"));
        for (bytes, says) in [
            (&b""[..], "empty"),
            (&b"\nx"[..], "empty"),
            (&b"\xff"[..], "UTF-8"),
            (&[b'x'; 5000][..], "4096"),
        ] {
            let error = read(bytes, 0o600).expect_err(says).to_string();
            assert!(error.contains(says) && error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_bare_name_is_a_credential_where_there_is_one() {
        let place = temp_dir::TempDir::new().expect("a folder");
        std::fs::write(place.child("hook"), "k").expect("written");
        let read = |path: &str| SecretFile::read(Path::new(path), Some(place.path()));
        assert_eq!(read("hook").expect("there").secret, Secret::new("k"));
        assert!(read("other").is_err() && read("./no/hook").is_err());
    }
}
