//! Files whose headers have no end: they are read so far and no further, whatever they are, from wherever they come.
//! Touch it when a demuxer may hold something else.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::*;

/// What is read at most: the ration, and a block that is read ahead.
const MOST: u64 = (32 << 20) + (1 << 16);

/// Counts what is read.
struct Counted<R>(R, Arc<AtomicU64>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// A box of MP4 around the beginning of what it announces to hold.
fn boxed(kind: &[u8; 4], size: u32, content: &[u8]) -> Vec<u8> {
    [&size.to_be_bytes()[..], kind, content].concat()
}

/// Beginnings of files, of which the rest is zeros, or the same again and again.
pub(super) fn greedy() -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    // A tag of 256 MiB less one, all of it one picture.
    let picture = [&b"\x00image/png\0\x03\0"[..], &[0x89, b'P', b'N', b'G']].concat();
    let id3 = [&b"ID3\x04\0\0\x7f\x7f\x7f\x7fAPIC\x7f\x7f\x7f\x70\0\0"[..], &picture].concat();
    // Pictures of 16 MiB less one, block after block.
    let mut flac = b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0".to_vec();
    flac.extend((44_100u64 << 44 | 1 << 41 | 15 << 36).to_be_bytes());
    flac.extend([0; 16]);
    let mut block = b"\x06\xff\xff\xff\0\0\0\x03\0\0\0\x09image/png\0\0\0\0".to_vec();
    block.extend([0; 16]);
    block.extend(((16u32 << 20) - 1 - 8 - 9 - 4 - 20).to_be_bytes());
    block.resize(4 + (16 << 20) - 1, 0);
    // A table of half a billion sizes of packets.
    let table = boxed(b"stsz", 0x7fff_ff00, &[0, 0, 0, 0, 0, 0, 0, 0, 0x1f, 0xff, 0xff, 0xb0]);
    let mut mp4 = table;
    for (kind, size) in [
        (b"stbl", 0x7fff_ff08u32),
        (b"minf", 0x7fff_ff10),
        (b"mdia", 0x7fff_ff18),
        (b"trak", 0x7fff_ff20),
        (b"moov", 0x7fff_ff28),
    ] {
        mp4 = boxed(kind, size, &mp4);
    }
    let mp4 = [boxed(b"ftyp", 16, b"M4A \0\0\0\0"), mp4].concat();
    // A list of names that is half a gigabyte.
    let mut riff = b"RIFF\xff\xff\xff\x7fWAVELIST\0\0\0\x7fINFOINAM".to_vec();
    riff.extend(0x6000_0000u32.to_le_bytes());
    vec![
        ("id3", id3, vec![0; 4096]),
        ("flac", flac, block),
        ("mp4", mp4, vec![0; 4096]),
        ("riff", riff, vec![b'x'; 4096]),
    ]
}

#[test]
fn headers_without_end_are_not_read_without_end() {
    for (name, head, again) in greedy() {
        let count = Arc::new(AtomicU64::new(0));
        // Two gigabytes of it: whoever read all of them would be seen.
        let turns = (2u64 << 30) / again.len() as u64;
        let endless = Endless { again, at: 0, turns };
        let reader = Counted(Cursor::new(head).chain(endless), Arc::clone(&count));
        let opened = Decoder::open_stream(reader, None, Mixdown::default());
        let error = opened.err().unwrap_or_else(|| panic!("{name} was opened")).to_string();
        let read = count.load(Ordering::Relaxed);
        assert!(read <= MOST, "{name}: {read} bytes were read: {error}");
        println!("{name}: {error} after {read} bytes");
        if name != "riff" {
            assert!(error.contains("32 MiB"), "{name}: {error}");
        }
    }
}

/// The same bytes so many times.
struct Endless {
    again: Vec<u8>,
    at: usize,
    turns: u64,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.turns == 0 {
            return Ok(0);
        }
        let rest = &self.again[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        if self.at == self.again.len() {
            (self.at, self.turns) = (0, self.turns - 1);
        }
        Ok(count)
    }
}
