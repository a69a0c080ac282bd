//! How two files look from outside, to notice that one has become another. Touch it when a renewal goes unnoticed.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Of one file device, inode, length and time of the last change; nothing if it is not there.
type Look = Option<(u64, u64, u64, i64, i64)>;

/// How the files looked. Links are followed, because certbot changes where they lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp([Look; 2]);

impl Stamp {
    pub(super) fn of(one: &Path, other: &Path) -> Self {
        let look = |path: &Path| {
            let seen = std::fs::metadata(path).ok()?;
            Some((seen.dev(), seen.ino(), seen.len(), seen.mtime(), seen.mtime_nsec()))
        };
        Self([look(one), look(other)])
    }
}
