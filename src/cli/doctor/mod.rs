//! `genrecast doctor`: everything that a bug report needs and nothing that is secret; what is wrong comes first.
//! Touch it when there is something else to look at: a file each. What may be shown is decided in `secrets` alone.

mod configuration;
mod daemon;
mod deliveries;
mod machine;
mod models;
mod report;
mod secrets;
mod sound;
mod state;

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::Args;

use super::exit::{Failure, Status};
use super::flags::DaemonFlags;
use super::report::print;
use super::token::TokenFlag;
use super::{CommonArguments, setup};
use report::Report;
use secrets::Secrets;

#[derive(Args)]
pub(super) struct DoctorArguments {
    #[command(flatten)]
    common: CommonArguments,
    #[command(flatten)]
    flags: DaemonFlags,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    token: TokenFlag,
}

pub(super) fn run(arguments: &DoctorArguments) -> Result<ExitCode, Failure> {
    let loaded = setup::configuration(&arguments.common, arguments.flags.keys());
    let mut secrets = Secrets::of_environment();
    let token_file = arguments.token.path();
    token_file.iter().for_each(|file| secrets.add_token_file(file));
    arguments.common.config.iter().for_each(|file| secrets.add_configuration_file(file));
    arguments.flags.keys().iter().for_each(|flag| secrets.add_text(&flag.value.to_string()));
    let mut report = Report::default();
    match &loaded {
        Ok(loaded) => {
            secrets.add_configuration(loaded);
            machine::look(&mut report, Some(&loaded.config));
            configuration::look(&mut report, loaded, &secrets);
            models::look(&mut report, loaded);
            state::look(&mut report, &loaded.config, arguments.flags.state_dir.as_deref());
            let daemon = daemon::look(&mut report, &loaded.config, token_file.as_deref());
            deliveries::look(&mut report, &loaded.config, &daemon.health);
            sound::look(&mut report, loaded, daemon.runs);
        }
        Err(failure) => {
            machine::look(&mut report, None);
            let what = format!("it cannot be read: {failure}; so nothing that depends on it was looked at");
            report.bad("configuration", what, "mend what it names; `genrecast config` prints every key");
        }
    }
    let text = if arguments.json { report.json(&secrets) } else { report.readable(&secrets) };
    print(&text)?;
    Ok(if report.is_well() { ExitCode::SUCCESS } else { Status::Unwell.into() })
}

/// What `ask` gives, unless it takes too long: what asks a dead sound server may never come back, and is left alone then.
fn within<T: Send + 'static>(
    limit: Duration,
    name: &str,
    ask: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, on_answer) = mpsc::channel();
    let body = move || drop(answer.send(ask()));
    std::thread::Builder::new().name(name.to_owned()).spawn(body).ok()?;
    on_answer.recv_timeout(limit).ok()
}
