//! What a real daemon tells Prometheus, and that dashboard and alerts ask for nothing else. What needs promtool counts as
//! ignored where it is missing. Touch it when there are other metrics.

mod asked;
mod daemon;
mod outputs;
mod promtool;
#[path = "../support/mod.rs"]
mod support;

use libtest_mimic::{Arguments, Trial};

fn main() {
    let no_promtool = !promtool::is_there();
    if no_promtool {
        println!("skipped: there is no promtool (Debian's package prometheus has it)");
    }
    let trials = [
        ("every_number_is_the_one_that_is_told_elsewhere", daemon::numbers as fn(), false),
        ("who_comes_and_goes_is_counted", daemon::comings_and_goings, false),
        ("both_forms_say_the_same", daemon::forms, false),
        ("every_output_tells_how_it_fares_and_shows_no_address", outputs::fare, false),
        ("a_token_of_the_scope_metrics_opens_metrics_only", daemon::tokens, false),
        ("nothing_that_a_client_sends_becomes_a_label", daemon::strangers, false),
        ("dashboard_and_alerts_ask_for_metrics_that_there_are", asked::exist, false),
        ("every_metric_that_matters_is_on_the_dashboard", asked::shown, false),
        ("promtool_finds_nothing_to_mend_in_the_metrics", promtool::metrics, no_promtool),
        ("promtool_takes_rules_and_scrape_example_and_the_alerts_fire", promtool::rules, no_promtool),
    ];
    let trials = trials.map(|(name, run, ignored)| {
        let body = move || {
            run();
            Ok(())
        };
        Trial::test(name, body).with_ignored_flag(ignored)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
}
