//! `genrecast man`: manual pages made of the words of `mod.rs`. Touch it when a page must say more than `--help` does.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use clap::CommandFactory;
use clap_mangen::Man;

use super::exit::{Failure, Status};
use super::{Arguments, report};

/// Prints the main page, or writes it and one page a command into `folder`.
pub(super) fn run(folder: Option<&Path>) -> Result<ExitCode, Failure> {
    // `genrecast help` is no command of its own: it would have a page for each of the others once more.
    let command = Arguments::command().disable_help_subcommand(true);
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        return report::print(&String::from_utf8_lossy(&page));
    };
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| format!("cannot write manual pages into {}", folder.display()))
        .map_err(|error| Failure::new(Status::Other, error))?;
    Ok(ExitCode::SUCCESS)
}
