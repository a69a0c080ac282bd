//! One clip on its way: how far it is, and whether it is still wanted. Shared by whoever sends it, whoever hears it and
//! whoever asks. Touch it when its progress must tell more.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Serialize;

use super::{UploadError, UploadRequest};

/// Where a clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UploadState {
    /// Others are before it.
    Waiting,
    /// It is its turn.
    Hearing,
    /// It was answered.
    Done,
    /// It was refused, or broke.
    Failed,
    /// Whoever sent it is gone.
    Cancelled,
}

/// How far a clip is.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct UploadProgress {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub state: UploadState,
    /// Of one that waits: 1 if it is the next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// Seconds of its sound that were heard.
    pub heard_s: f64,
    /// Bytes of it that came.
    pub bytes: u64,
}

/// One clip on its way.
#[derive(Debug)]
pub(super) struct Visit {
    pub request: UploadRequest,
    state: Mutex<UploadState>,
    /// Why it was broken off, once it was.
    broken_off: Mutex<Option<UploadError>>,
    cancelled: AtomicBool,
    heard_ms: AtomicU64,
    bytes: AtomicU64,
}

impl Visit {
    pub fn new(request: UploadRequest) -> Self {
        Self {
            request,
            state: Mutex::new(UploadState::Waiting),
            broken_off: Mutex::new(None),
            cancelled: AtomicBool::new(false),
            heard_ms: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    pub fn state(&self) -> UploadState {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has ended stays as it ended.
    pub fn set_state(&self, new: UploadState) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, UploadState::Waiting | UploadState::Hearing) {
            *state = new;
        }
    }

    /// Nobody wants its answer any more.
    pub fn cancel(&self) {
        // The state first: whoever hears the clip fails on the flag, and must not call that the clip's failure.
        self.set_state(UploadState::Cancelled);
        self.cancelled.store(true, Ordering::Release);
    }

    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    /// Says why it does not go on; the first reason counts.
    pub fn break_off(&self, why: UploadError) {
        self.broken_off.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    pub fn broken_off(&self) -> Option<UploadError> {
        self.broken_off.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn heard(&self, seconds: f64) {
        self.heard_ms.store((seconds * 1000.0) as u64, Ordering::Relaxed);
    }

    /// So many bytes more have come; gives how many there are by now.
    pub fn came(&self, bytes: u64) -> u64 {
        self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes)
    }

    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn progress(&self, position: Option<usize>) -> UploadProgress {
        UploadProgress {
            id: self.request.id.clone(),
            state: self.state(),
            position,
            heard_s: self.heard_ms.load(Ordering::Relaxed) as f64 / 1000.0,
            bytes: self.bytes(),
        }
    }
}
