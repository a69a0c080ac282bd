//! A real Icecast with ffmpeg as its source client, and the real daemon as its listener. Counted as skipped where
//! icecast2 or ffmpeg is missing. Touch it to add a trial. It plays in real time, so it takes minutes.

mod feed;
mod genres;
mod listener;
mod recovery;
mod segments;
mod station;
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // They measure time.
    arguments.test_threads = Some(1);
    let missing = ["icecast2", "ffmpeg"].into_iter().find(|program| !station::is_installed(program));
    if let Some(program) = missing {
        println!("skipped: there is no {program}");
    }
    let no_clips = support::clips().is_none();
    let trials = [
        (
            "a_station_that_was_killed_for_twenty_seconds_is_live_soon_after_its_return",
            recovery::killed as fn(),
            false,
        ),
        ("a_half_open_connection_is_noticed_within_fifteen_seconds", recovery::half_open, false),
        ("every_codec_gives_the_genre_of_its_clip_and_its_titles", genres::codecs, true),
        ("http_live_streaming_in_two_forms_gives_the_genre_of_its_clip", segments::live, true),
        ("a_chain_of_other_rates_and_channels_is_one_station", genres::chain, true),
    ];
    let trials = trials.map(|(name, run, clips)| {
        let ignored = missing.is_some() || (clips && no_clips);
        let body = move || {
            println!();
            run();
            Ok(())
        };
        Trial::test(name, body).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}
