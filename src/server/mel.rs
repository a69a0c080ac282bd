//! Mel columns on their way from whoever computes them to whoever looks: bounded, and nothing at all while nobody does.
//! Touch it when frames are to hold something else; the conversation is in `websocket::mel`.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::broadcast::{self, error::RecvError};

use crate::event::PROTOCOL_VERSION;

/// The WebSocket subprotocol; a client may offer it or none.
pub const MEL_SUBPROTOCOL: &str = "genrecast.mel.v1";

/// Frames that may wait for a viewer, about two seconds of them; then it loses the oldest.
const WAITING: usize = 16;

/// What the bytes of a source's columns mean.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MelFormat {
    /// The rate of the samples that they are made of, in hertz.
    pub sample_rate: u32,
    /// Bands of a column, lowest first, one byte each.
    pub bands: usize,
    /// Seconds from one column to the next.
    pub hop_s: f64,
    /// What 0 means, in the unit of `scale`.
    pub min_db: f32,
    /// What 255 means.
    pub max_db: f32,
    /// The unit: what was done to the power `S` of a mel band.
    pub scale: String,
}

/// What comes before the columns of each stream, as text.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MelHead {
    /// Always `mel`.
    #[schemars(extend("const" = "mel"))]
    r#type: &'static str,
    /// Version of the event format.
    #[schemars(extend("const" = PROTOCOL_VERSION))]
    v: u32,
    /// Name of the source.
    source: String,
    #[serde(flatten)]
    format: MelFormat,
}

impl fmt::Display for MelHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl MelFormat {
    /// The text that comes before the columns of each stream.
    pub(super) fn head(&self, source: &str) -> String {
        let (v, source, format) = (PROTOCOL_VERSION, source.to_owned(), self.clone());
        MelHead { r#type: "mel", v, source, format }.to_string()
    }
}

/// Some columns of one stream.
#[derive(Debug, Clone)]
pub(super) struct MelFrame {
    /// Another number, another stream: its columns count from 0.
    pub(super) stream: u64,
    pub(super) bytes: Bytes,
}

/// A frame, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MelFrameParts {
    /// Another number, another stream: its columns count from 0.
    pub stream: u64,
    /// Of its first column in the stream.
    pub index: u64,
    /// How many columns it has.
    pub columns: usize,
    /// `columns` × bands bytes.
    pub bytes: Vec<u8>,
}

/// Bytes before the columns of a frame: index, number of columns, bands.
const HEAD: usize = 12;

/// The end that columns go into. When it is dropped the source has ended.
#[derive(Debug)]
pub struct MelSender {
    frames: broadcast::Sender<MelFrame>,
    viewers: Arc<AtomicUsize>,
}

/// Where viewers of a source find it.
#[derive(Debug)]
pub struct MelTap {
    pub(super) format: MelFormat,
    frames: broadcast::WeakSender<MelFrame>,
    viewers: Arc<AtomicUsize>,
}

/// A viewer; it counts until it is dropped.
#[derive(Debug)]
pub struct MelViewer {
    frames: broadcast::Receiver<MelFrame>,
    viewers: Arc<AtomicUsize>,
}

/// Both ends for a source.
pub fn mel_channel(format: MelFormat) -> (MelSender, MelTap) {
    let (frames, _) = broadcast::channel(WAITING);
    let viewers = Arc::<AtomicUsize>::default();
    let tap = MelTap { format, frames: frames.downgrade(), viewers: Arc::clone(&viewers) };
    (MelSender { frames, viewers }, tap)
}

impl MelSender {
    /// Whether anybody looks: one load.
    pub fn is_watched(&self) -> bool {
        self.viewers.load(Ordering::Relaxed) > 0
    }

    /// Sends whole columns of `bands` bytes each, the first of them being the one of this index in this stream.
    pub fn send(&self, stream: u64, index: u64, bands: u16, columns: &[u8]) {
        let count = u16::try_from(columns.len() / usize::from(bands.max(1))).unwrap_or(u16::MAX);
        let mut bytes = Vec::with_capacity(HEAD + columns.len());
        bytes.extend_from_slice(&index.to_le_bytes());
        bytes.extend_from_slice(&count.to_le_bytes());
        bytes.extend_from_slice(&bands.to_le_bytes());
        bytes.extend_from_slice(&columns[..usize::from(count) * usize::from(bands)]);
        // An error means that the last viewer has just left.
        let _ = self.frames.send(MelFrame { stream, bytes: bytes.into() });
    }
}

impl MelTap {
    /// Begins to look; `None` if the source has ended.
    pub fn watch(&self) -> Option<MelViewer> {
        let frames = self.frames.upgrade()?.subscribe();
        self.viewers.fetch_add(1, Ordering::Relaxed);
        Some(MelViewer { frames, viewers: Arc::clone(&self.viewers) })
    }
}

impl MelViewer {
    /// The next frame, if one waits.
    pub fn try_next(&mut self) -> Option<MelFrameParts> {
        let frame = self.frames.try_recv().ok()?;
        let (head, bytes) = frame.bytes.split_at_checked(HEAD)?;
        let (index, head) = head.split_first_chunk()?;
        let (columns, _) = head.split_first_chunk()?;
        Some(MelFrameParts {
            stream: frame.stream,
            index: u64::from_le_bytes(*index),
            columns: usize::from(u16::from_le_bytes(*columns)),
            bytes: bytes.to_vec(),
        })
    }

    /// The next frame there is; `None` when the source has ended.
    pub(super) async fn next(&mut self) -> Option<MelFrame> {
        loop {
            match self.frames.recv().await {
                Ok(frame) => return Some(frame),
                // The index of the next one tells it.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

impl Drop for MelViewer {
    fn drop(&mut self) {
        self.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel() -> (MelSender, MelTap) {
        let format = MelFormat {
            sample_rate: 16_000,
            bands: 2,
            hop_s: 0.016,
            min_db: 0.0,
            max_db: 5.5,
            scale: "x".into(),
        };
        mel_channel(format)
    }

    #[tokio::test]
    async fn columns_come_as_they_were_sent_and_only_whoever_looks_counts() {
        let (sender, tap) = channel();
        assert!(!sender.is_watched());
        let mut view = tap.watch().expect("it lives");
        assert!(sender.is_watched());
        sender.send(3, 258, 2, &[1, 2, 3, 4]);
        let frame = view.next().await.expect("a frame");
        assert_eq!(
            (frame.stream, &frame.bytes[..]),
            (3, &[2, 1, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 1, 2, 3, 4][..])
        );
        drop(view);
        assert!(!sender.is_watched());
        assert_eq!(
            tap.format.head("mic"),
            r#"{"type":"mel","v":1,"source":"mic","sample_rate":16000,"bands":2,"hop_s":0.016,"min_db":0.0,"max_db":5.5,"scale":"x"}"#
        );
    }

    #[tokio::test]
    async fn a_slow_viewer_loses_the_oldest_and_the_end_comes_after_the_rest() {
        let (sender, tap) = channel();
        let mut view = tap.watch().expect("it lives");
        for index in 0..100 {
            sender.send(0, index, 2, &[0, 0]);
        }
        drop(sender);
        let mut indices = Vec::new();
        while let Some(frame) = view.next().await {
            indices.push(u64::from(frame.bytes[0]));
        }
        assert_eq!(indices, (84..100).collect::<Vec<_>>());
        assert!(tap.watch().is_none());
    }
}
