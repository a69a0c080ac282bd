//! What Prometheus' own tool says of metrics, rules and the example of scraping. Touch it when it is to look at more.

use std::process::{Command, Stdio};

use crate::daemon::{Scene, ask};
use crate::support::{root, run_with_input};

pub fn is_there() -> bool {
    let mut promtool = Command::new("promtool");
    promtool.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    promtool.status().is_ok_and(|status| status.success())
}

/// Runs it in the folder of the rules.
fn promtool(arguments: &[&str], input: Vec<u8>) {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(root().join("contrib/prometheus"));
    let ran = run_with_input(&mut command, input);
    // Its advice about metrics goes to standard error, and the status is 3 then.
    assert_eq!(ran.status, Some(0), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    assert!(!ran.stderr.contains("FAILED"), "{}", ran.stderr);
}

pub fn metrics() {
    let scene = Scene::new();
    let (status, _, text) = ask(&scene.daemon, "/metrics", "");
    assert_eq!(status, 200);
    promtool(&["check", "metrics"], text.into_bytes());
}

pub fn rules() {
    promtool(&["check", "rules", "alerts.yml"], Vec::new());
    promtool(&["test", "rules", "alerts_test.yml"], Vec::new());
    promtool(&["check", "config", "scrape.yml"], Vec::new());
}
