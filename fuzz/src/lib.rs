//! What all targets share. Touch it when the room that is fuzzed survives something else by itself.

use std::sync::Once;

/// Lets panics be caught where the daemon catches them (a decoder's panic is a damaged file to it). The fuzzer's own hook
/// ends the process at once; one that nobody catches still does, when it reaches the fuzzer.
pub fn allow_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}
