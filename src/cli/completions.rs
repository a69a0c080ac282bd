//! `genrecast completions`: what a shell needs to complete our words. They are those of `mod.rs`; nothing is kept twice.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::exit::Failure;
use super::{Arguments, report};

pub(super) fn run(shell: Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "genrecast", &mut script);
    report::print(&String::from_utf8_lossy(&script))
}
