//! The history of a real daemon that is killed, again and again, under load. `GENRECAST_TEST_KILLS=100` for the full
//! measure: `GENRECAST_TEST_KILLS=100 cargo test --test history killed -- --nocapture`.

mod support;

#[path = "history/command.rs"]
mod command;
#[path = "history/killed.rs"]
mod killed;
#[path = "history/place.rs"]
mod place;

use support::daemon::Daemon;
