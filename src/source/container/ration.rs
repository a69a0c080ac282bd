//! How much a demuxer may read before it gives a packet: what it reads and does not give out it may keep, such as an index,
//! a picture or the tables of a fragment, and headers are a stranger's. Touch it when honest files need more.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

/// Bytes that may be read without a packet: an index of a day of sound, or the largest pictures that people put into files.
const MOST: u64 = 32 << 20;

/// What a packet's own frame may take beside its content, in bytes, and as a share of that.
const FRAME: u64 = 64;
const SHARE: u64 = 4;

/// What was said of whoever read too much.
pub(super) const TOO_MUCH: &str =
    "expected sound, got 32 MiB of headers, pictures or other bytes without any; send it without them";

/// What may still be read. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Ration(Arc<AtomicU64>);

/// A source that is read no further than its ration.
pub(super) struct Rationed {
    source: Box<dyn MediaSource>,
    ration: Ration,
}

impl Rationed {
    pub(super) fn new(source: Box<dyn MediaSource>) -> (Self, Ration) {
        let ration = Ration(Arc::new(AtomicU64::new(MOST)));
        (Self { source, ration: ration.clone() }, ration)
    }
}

impl Ration {
    /// A packet of so many bytes came out. Of what can be read anywhere blocks are read twice, so there every packet is as
    /// good as another.
    pub(super) fn give(&self, packet: usize, seekable: bool) {
        let packet = packet as u64;
        let more = if seekable { MOST } else { packet + packet / SHARE + FRAME };
        self.0.store((self.left() + more).min(MOST), Ordering::Relaxed);
    }

    /// Whether nothing may be read any more.
    pub(super) fn is_used_up(&self) -> bool {
        self.left() == 0
    }

    fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Read for Rationed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.ration.left();
        if left == 0 && !buffer.is_empty() {
            return Err(io::Error::other(TOO_MUCH));
        }
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = self.source.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.ration.0.store(left.saturating_sub(read as u64), Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Rationed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

impl MediaSource for Rationed {
    fn is_seekable(&self) -> bool {
        self.source.is_seekable()
    }

    fn byte_len(&self) -> Option<u64> {
        self.source.byte_len()
    }
}

#[cfg(test)]
mod tests {
    use symphonia::core::io::ReadOnlySource;

    use super::*;

    #[test]
    fn packets_earn_what_is_read_for_them() {
        let (mut source, ration) = Rationed::new(Box::new(ReadOnlySource::new(io::repeat(7))));
        let mut block = vec![0; 1 << 20];
        for _ in 0..32 {
            source.read_exact(&mut block).expect("within the ration");
        }
        assert!(ration.is_used_up());
        let error = source.read(&mut block).expect_err("too much").to_string();
        assert_eq!(error, TOO_MUCH);
        ration.give(1000, false);
        assert_eq!(source.read(&mut block).expect("earned"), 1000 + 250 + 64);
        for _ in 0..100 {
            ration.give(1 << 20, false);
        }
        assert_eq!(ration.left(), MOST, "nobody saves more than that");
        source.read_exact(&mut block).expect("within the ration");
        ration.give(1, true);
        assert_eq!(ration.left(), MOST);
    }
}
