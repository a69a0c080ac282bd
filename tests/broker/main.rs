//! A real Mosquitto and the real daemon. Counted as skipped where there is no mosquitto. Touch it to add a trial.

mod away;
mod changes;
mod listener;
mod mosquitto;
mod plain;
mod secure;
#[path = "../support/mod.rs"]
mod support;
mod world;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut arguments = Arguments::from_args();
    // One of them measures time.
    arguments.test_threads = Some(1);
    let missing = mosquitto::program().is_none();
    if missing {
        println!("skipped: there is no mosquitto");
    }
    let trials = [
        ("the_broker_keeps_values_and_home_assistant_finds_the_sources", plain::kept as fn()),
        ("every_event_is_published_as_it_is_on_a_websocket", plain::events),
        ("a_daemon_that_crashes_is_offline_by_its_last_will", plain::will),
        ("a_broker_that_is_killed_delays_no_event_and_gets_all_when_it_is_back", away::killed),
        ("a_connection_that_hangs_is_noticed_and_loses_nothing", away::hangs),
        ("what_the_queue_cannot_hold_is_told", away::overflow),
        ("the_daemon_starts_and_ends_without_its_broker", away::never_there),
        ("tls_and_a_password_are_asked_for_and_given", secure::trusted),
        ("what_is_wrong_with_tls_or_password_is_told_without_the_password", secure::refused),
        ("entities_come_and_go_with_their_sources", changes::sources),
        ("a_restart_keeps_identities_and_clears_what_is_gone", changes::restart),
        ("home_assistants_start_has_everything_told_again", changes::birth),
        ("other_settings_hold_after_a_reload", changes::settings),
    ];
    let trials = trials.map(|(name, run)| {
        let body = move || {
            run();
            Ok(())
        };
        Trial::test(name, body).with_ignored_flag(missing)
    });
    libtest_mimic::run(&arguments, trials.into()).exit();
}
