//! Configuration files.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = genrecast::config::from_text(text.to_owned());
});
