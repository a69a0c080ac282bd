//! Remembers the last bytes that were read, to tell a file that was cut inside a frame from a complete one.
//! Touch it for elementary streams (MP3, ADTS), whose end has no mark.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// More than the longest frame (8191 bytes in ADTS) and a tag at the end.
const KEPT: usize = 16 * 1024;

/// The last bytes that went through a [`TailReader`].
#[derive(Debug, Clone, Default)]
pub(super) struct Tail(Arc<Mutex<Vec<u8>>>);

impl Tail {
    fn keep(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        if kept.len() > 2 * KEPT {
            let surplus = kept.len() - KEPT;
            kept.drain(..surplus);
        }
    }

    /// Whether another frame begins after the last whole one but is not whole. `last` is the last whole frame,
    /// without its header where the demuxer leaves that out.
    pub(super) fn is_cut_after(&self, last: &[u8]) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_empty() || last.len() > kept.len() {
            return false;
        }
        let Some(at) = kept.windows(last.len()).rposition(|window| window == last) else {
            return false;
        };
        let rest = kept.get(at + last.len()..).unwrap_or_default();
        matches!(rest, [0xff, second, ..] if second & 0xe0 == 0xe0)
    }
}

/// A reader whose last bytes are kept in a [`Tail`].
pub(super) struct TailReader<R> {
    inner: R,
    tail: Tail,
}

impl<R: Read> TailReader<R> {
    pub(super) fn new(inner: R) -> (Self, Tail) {
        let tail = Tail::default();
        (Self { inner, tail: tail.clone() }, tail)
    }
}

impl<R: Read> Read for TailReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buf)?;
        self.tail.keep(buf.get(..read).unwrap_or_default());
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(bytes: Vec<u8>) -> Tail {
        let (mut reader, tail) = TailReader::new(io::Cursor::new(bytes));
        io::copy(&mut reader, &mut io::sink()).expect("reads");
        tail
    }

    #[test]
    fn a_frame_that_begins_but_does_not_end_is_a_cut() {
        let frame = [0xff, 0xfb, 1, 2, 3, 4];
        let mut file = vec![9; 100_000];
        file.extend(frame);
        assert!(!read_all(file.clone()).is_cut_after(&frame));
        file.extend([0xff, 0xfb, 5]);
        assert!(read_all(file.clone()).is_cut_after(&frame));
        file.truncate(file.len() - 3);
        file.extend(b"TAG a title");
        assert!(!read_all(file).is_cut_after(&frame));
    }
}
