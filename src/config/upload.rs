//! `[upload]`: clips that clients send to be classified, and their limits. Touch it when uploads get a key.

use std::time::Duration;

use serde::Deserialize;

use crate::upload::UploadSettings;

/// `[upload]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UploadConfig {
    /// Whether clips are taken.
    pub enabled: bool,
    /// Most bytes of a clip.
    pub max_bytes: u64,
    /// Most seconds of sound of a clip.
    pub max_seconds: f64,
    /// Seconds for which a client may send nothing.
    pub idle_seconds: u64,
    /// Seconds that a clip may take from its turn on.
    pub timeout_seconds: u64,
    /// How many are heard at once.
    pub at_once: usize,
    /// How many may wait.
    pub waiting: usize,
}

impl UploadConfig {
    /// What of it can change while the daemon runs.
    pub fn settings(&self) -> UploadSettings {
        UploadSettings {
            enabled: self.enabled,
            max_bytes: self.max_bytes,
            max_seconds: self.max_seconds,
            idle: Duration::from_secs(self.idle_seconds),
            timeout: Duration::from_secs(self.timeout_seconds),
            waiting: self.waiting,
        }
    }

    /// The first key that is out of bounds, and why.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        let fault = |key, bounds: &str, got: &dyn std::fmt::Display| {
            Some((key, format!("expected {bounds}, got {got}")))
        };
        if !(1024..=1 << 40).contains(&self.max_bytes) {
            return fault("upload.max_bytes", "1024 to 1099511627776 (1 TiB)", &self.max_bytes);
        }
        if !(1.0..=86_400.0).contains(&self.max_seconds) {
            return fault("upload.max_seconds", "1 to 86400 seconds", &self.max_seconds);
        }
        if !(1..=3600).contains(&self.idle_seconds) {
            return fault("upload.idle_seconds", "1 to 3600 seconds", &self.idle_seconds);
        }
        if !(1..=86_400).contains(&self.timeout_seconds) {
            return fault("upload.timeout_seconds", "1 to 86400 seconds", &self.timeout_seconds);
        }
        if !(1..=64).contains(&self.at_once) {
            return fault("upload.at_once", "1 to 64", &self.at_once);
        }
        if self.waiting > 1000 {
            return fault("upload.waiting", "0 to 1000", &self.waiting);
        }
        None
    }
}
