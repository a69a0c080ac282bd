//! Audio that is right, and ways to break it. Touch it when a case needs another kind of damage.

use std::path::Path;

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio").join(name)).expect(name)
}

/// Bytes without any order, always the same.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 7u64;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .collect()
}

/// The same with so many bytes at that share of it replaced.
pub fn damaged(mut bytes: Vec<u8>, at: f64, by: &[u8]) -> Vec<u8> {
    let at = (bytes.len() as f64 * at) as usize;
    let end = (at + by.len()).min(bytes.len());
    bytes[at..end].copy_from_slice(&by[..end - at]);
    bytes
}

pub fn cut(mut bytes: Vec<u8>, share: f64) -> Vec<u8> {
    bytes.truncate((bytes.len() as f64 * share) as usize);
    bytes
}

/// An Ogg page of those flags and that content, with a checksum that is wrong.
pub fn ogg_page(flags: u8, sequence: u32, segments: &[u8], content: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0".to_vec();
    page.push(flags);
    page.extend([0; 8]);
    page.extend(1u32.to_le_bytes());
    page.extend(sequence.to_le_bytes());
    page.extend([0; 4]);
    page.push(segments.len() as u8);
    page.extend(segments);
    page.extend(content);
    page
}
