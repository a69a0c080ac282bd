//! Tests of HLS as a whole, from a memory that stands in for the network.
//! Touch it when what a presentation gives changes.

mod broken;
mod heard;
mod split;
mod window;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::*;
use crate::source::http::Address;

/// What the memory answers: the address behind its host, and the body or the status.
#[derive(Clone, Default)]
struct Memory {
    answers: HashMap<String, Result<Vec<u8>, FetchError>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Memory {
    fn with(mut self, name: &str, body: impl Into<Vec<u8>>) -> Self {
        self.answers.insert(format!("http://radio.example/{name}"), Ok(body.into()));
        self
    }

    fn without(mut self, name: &str, why: FetchError) -> Self {
        self.answers.insert(format!("http://radio.example/{name}"), Err(why));
        self
    }

    /// All segments of the fixtures.
    fn of_fixtures() -> Self {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hls");
        let mut memory = Self::default();
        for entry in std::fs::read_dir(dir).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("text").to_owned();
            memory = memory.with(&name, std::fs::read(path).expect("readable"));
        }
        memory
    }
}

impl Fetch for Memory {
    fn get(&mut self, request: &fetch::Request<'_>) -> Result<Response, FetchError> {
        let name = request.address.to_string();
        self.asked.lock().expect("not poisoned").push(name.clone());
        let mut body = self.answers.get(&name).cloned().unwrap_or(Err(FetchError::Status(404)))?;
        if let Some(range) = request.range {
            let (start, length) = (range.start as usize, range.length as usize);
            body = body.get(start..start + length).ok_or(FetchError::Status(416))?.to_vec();
        }
        match body.len() > request.most {
            true => Err(FetchError::TooLong(request.most)),
            false => Ok(Response { address: request.address.clone(), body }),
        }
    }
}

fn bytes_of(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hls").join(name)).expect(name)
}

fn open(memory: Memory, playlist: &str) -> Result<Hls<Memory>, HlsError> {
    let address = Address::parse("http://radio.example/first.m3u8").expect("an address");
    let first = Response { address, body: playlist.as_bytes().to_vec() };
    Hls::open(memory, Stop::new(), &first, Mixdown::default())
}

/// Everything that a presentation gives.
#[derive(Debug, Default)]
struct All {
    samples: Vec<f32>,
    rates: Vec<u32>,
    /// Each with the samples before it.
    titles: Vec<(usize, String)>,
    gaps: Vec<(usize, f64, String)>,
    error: Option<String>,
}

fn hear(memory: Memory, playlist: &str) -> All {
    let mut all = All::default();
    let mut hls = match open(memory, playlist) {
        Ok(hls) => hls,
        Err(error) => {
            all.error = Some(error.to_string());
            return all;
        }
    };
    loop {
        match hls.next_block() {
            Ok(Decoded::Samples(samples)) => {
                assert!(!samples.is_empty());
                all.samples.extend_from_slice(samples);
            }
            Ok(Decoded::RateChanged(rate)) => all.rates.push(rate.hz()),
            Ok(Decoded::Title(title)) => all.titles.push((all.samples.len(), title)),
            Ok(Decoded::Gap { seconds, reason }) => all.gaps.push((all.samples.len(), seconds, reason)),
            Ok(Decoded::Stalled(reason)) => panic!("a complete playlist stalls: {reason}"),
            Ok(Decoded::End(_)) => return all,
            Err(error) => {
                all.error = Some(error.to_string());
                return all;
            }
        }
    }
}

/// What a decoder makes of a whole file.
fn file(name: &str) -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hls").join(name);
    let mut decoder = Decoder::open_file(&path, Mixdown::default()).expect(name);
    let mut samples = Vec::new();
    while let Decoded::Samples(block) = decoder.next_block().expect(name) {
        samples.extend_from_slice(block);
    }
    samples
}
