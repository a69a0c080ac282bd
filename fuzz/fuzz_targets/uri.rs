//! Addresses of sources.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    genrecast::source::fuzzing::uri(text);
});
