//! Audio with ICY titles in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    genrecast::source::fuzzing::icy(bytes);
});
