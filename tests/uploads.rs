//! Clips sent to the real daemon over real sockets. Touch the parts under `tests/uploads/`; `client` sends them.

mod support;

#[path = "radio/audio.rs"]
mod audio;
#[path = "uploads/claims.rs"]
mod claims;
#[path = "uploads/client.rs"]
mod client;
#[path = "uploads/greedy.rs"]
mod greedy;
#[path = "uploads/hostile.rs"]
mod hostile;
#[path = "uploads/same.rs"]
mod same;
#[path = "uploads/turns.rs"]
mod turns;
