//! Playlists of HTTP Live Streaming.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    genrecast_fuzz::allow_caught_panics();
    genrecast::source::fuzzing::hls_playlist(bytes);
});
