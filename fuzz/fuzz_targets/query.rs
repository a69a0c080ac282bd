//! Queries of addresses.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    genrecast::server::fuzzing::query_of(text);
});
