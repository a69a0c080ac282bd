//! Manifests of models.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = genrecast::manifest::Manifest::parse(text);
});
