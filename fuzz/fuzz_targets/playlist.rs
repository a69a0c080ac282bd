//! PLS, M3U, XSPF and ASX playlists.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    genrecast::source::fuzzing::playlist(bytes);
});
