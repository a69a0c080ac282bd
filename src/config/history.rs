//! `[history]`: whether events are kept in a file, and how many. Touch it when the history gets a key.

use serde::Deserialize;

/// `[history]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct HistoryConfig {
    /// Whether events are kept in a file.
    pub enabled: bool,
    /// Days that they are kept.
    pub keep_days: u32,
    /// Most bytes that they take.
    pub keep_bytes: u64,
}

impl HistoryConfig {
    /// The first key that is out of bounds, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        if !(1..=3650).contains(&self.keep_days) {
            return Some(("history.keep_days", format!("expected 1 to 3650 days, got {}", self.keep_days)));
        }
        if !(1 << 20..=1 << 42).contains(&self.keep_bytes) {
            let reason =
                format!("expected 1048576 (1 MiB) to 4398046511104 (4 TiB), got {}", self.keep_bytes);
            return Some(("history.keep_bytes", reason));
        }
        None
    }
}
