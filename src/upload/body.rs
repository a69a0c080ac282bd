//! The bytes of a clip on their way from the network to the decoder: few at a time, so that nobody is read faster than
//! heard, and nothing lies on a disk. Touch it when more of a clip may wait in memory.

use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::UploadError;
use super::visit::Visit;

/// Pieces that may wait for the decoder; the network's are of 16 KiB at most.
const PIECES: usize = 8;

enum Piece {
    Bytes(Vec<u8>),
    /// All of it has come.
    End,
}

/// The network's end.
#[derive(Debug)]
pub struct BodySender {
    pieces: Sender<Piece>,
    visit: Arc<Visit>,
    limit: u64,
}

/// The decoder's end; a clone goes on where the others are.
#[derive(Clone)]
pub(super) struct BodyReader(Arc<Mutex<Incoming>>);

struct Incoming {
    pieces: Receiver<Piece>,
    visit: Arc<Visit>,
    current: Cursor<Vec<u8>>,
    ended: bool,
}

impl std::fmt::Debug for Piece {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::End => f.write_str("end"),
        }
    }
}

/// Both ends for a clip of at most `limit` bytes.
pub(super) fn body(visit: &Arc<Visit>, limit: u64) -> (BodySender, BodyReader) {
    let (sender, receiver) = channel(PIECES);
    let sender = BodySender { pieces: sender, visit: Arc::clone(visit), limit };
    let incoming =
        Incoming { pieces: receiver, visit: Arc::clone(visit), current: Cursor::default(), ended: false };
    (sender, BodyReader(Arc::new(Mutex::new(incoming))))
}

impl BodySender {
    /// Hands on what came. False when no more of it is wanted, for which the answer has the reason.
    pub async fn send(&self, bytes: Vec<u8>) -> bool {
        if self.visit.came(bytes.len() as u64) > self.limit {
            self.break_off(UploadError::TooLarge { limit: self.limit });
            return false;
        }
        self.pieces.send(Piece::Bytes(bytes)).await.is_ok()
    }

    /// All of it has come. Dropping the sender without this says that the rest will not come.
    pub async fn end(self) {
        // Nobody waits for it if the decoder has had enough.
        let _ = self.pieces.send(Piece::End).await;
    }

    /// Says why no more comes.
    pub fn break_off(&self, why: UploadError) {
        self.visit.break_off(why);
    }
}

impl Read for BodyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).read(buffer)
    }
}

impl Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.visit.is_cancelled() {
                self.visit.break_off(UploadError::Cancelled);
                return Err(io::Error::other("whoever sent it is gone"));
            }
            if self.ended || buffer.is_empty() {
                return Ok(0);
            }
            let read = self.current.read(buffer)?;
            if read > 0 {
                return Ok(read);
            }
            match self.pieces.blocking_recv() {
                Some(Piece::Bytes(bytes)) => self.current = Cursor::new(bytes),
                Some(Piece::End) => self.ended = true,
                None => {
                    self.visit.break_off(UploadError::Cancelled);
                    return Err(io::Error::other("the rest of it does not come"));
                }
            }
        }
    }
}
