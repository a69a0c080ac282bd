//! The binary `genrecast`: parses the command line, runs one command, and tells how it ended by its exit status.
//! Touch `cli/` to add a command.

#![forbid(unsafe_code)]

mod cli;

use clap::Parser;

fn main() -> std::process::ExitCode {
    cli::main(cli::Arguments::parse())
}
