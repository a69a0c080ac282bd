//! Capture through a real sound server: real music is played into a null sink of PulseAudio and comes back through
//! cpal, to the library and to the daemon. Touch it to add a trial. It plays in real time, so it takes minutes.

mod busy;
mod calm;
mod capture;
mod daemon;
mod fidelity;
mod levels;
mod process;
mod recovery;
mod removal;
mod signal;
mod sound_server;
#[path = "../support/usage.rs"]
mod usage;
mod windows;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if capture::is_child() {
        return capture::child();
    }
    let mut arguments = Arguments::from_args();
    // One trial keeps every core busy and the other one measures time.
    arguments.test_threads = Some(1);
    let missing = sound_server::missing();
    if let Some(tool) = missing {
        println!("skipped: there is no {tool}; the packages are pulseaudio and pulseaudio-utils");
    }
    let control = trial("control_a_lost_block_is_noticed", fidelity::control);
    let live = [
        trial("a_sound_server_that_dies_three_times_is_found_again", recovery::run),
        trial("a_sound_server_that_comes_late_is_waited_for", recovery::server_comes_late),
        trial("a_source_that_goes_away_comes_back_in_another_format", removal::run),
        trial("through_alsa_too", removal::through_alsa),
        trial("a_named_microphone_is_waited_for", removal::comes_late),
        trial("a_channel_that_is_not_there_is_told", removal::no_channel),
        trial("two_minutes_of_music_are_heard_as_they_were_played", fidelity::run),
    ];
    let live = live.into_iter().map(|trial| trial.with_ignored_flag(missing.is_some()));
    let trials = std::iter::once(control).chain(live).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// A trial that fails by panicking.
fn trial(name: &str, run: fn()) -> Trial {
    Trial::test(name, move || {
        // The name stands on the line already.
        println!();
        run();
        Ok(())
    })
}
