//! The command line: its words here, one file a command. Touch it to add a command or a flag.

mod bench;
mod check;
mod classify;
mod completions;
mod devices;
mod doctor;
mod evaluate;
mod exit;
mod flags;
mod history;
mod listen;
mod log;
mod man;
mod report;
mod reread;
mod run;
mod setup;
mod sources;
mod token;
mod trust;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

use exit::Failure;

/// Listens to a microphone, files or standard input and tells every subscriber, live, which music genre is playing
#[derive(Parser)]
#[command(name = "genrecast", version, after_help = exit::HELP)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Listen to the sources and tell every subscriber
    Run(run::RunArguments),
    /// Name the genre of a file
    Classify(classify::ClassifyArguments),
    /// Measure a model on clips whose genre is known
    Evaluate(evaluate::EvaluateArguments),
    /// Measure what this machine can do: streams that it can carry, and where the time goes
    Bench(bench::BenchArguments),
    /// Show what a running daemon hears
    Listen(listen::ListenArguments),
    /// Show what was heard before: segments and tracks, or events as JSON Lines or CSV
    History(history::HistoryArguments),
    /// List the microphones
    Devices {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong with configuration, models, runtime and sources, and how to mend it
    Check(check::CheckArguments),
    /// Collect what a bug report needs, without secrets; what is wrong comes first
    Doctor(doctor::DoctorArguments),
    /// Print the configuration with every key, its default and what it means
    Config,
    /// Print the script that lets a shell complete commands and flags
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man {
        /// Write it and one page for each command into this folder instead
        #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
}

/// Flags of the commands that read the configuration and load a model.
#[derive(Args, Default)]
struct CommonArguments {
    /// Configuration file [default: the first of $XDG_CONFIG_HOME/genrecast/config.toml and /etc/genrecast/config.toml]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
    /// Folder name of the model [default: musicnn-crnn]
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// A place to look for models first
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    models: Option<String>,
    /// Inference runtime
    #[arg(long, value_enum)]
    runtime: Option<RuntimeFlag>,
    /// Where inference runs
    #[arg(long, value_enum)]
    device: Option<DeviceFlag>,
}

#[derive(Clone, Copy, ValueEnum)]
enum RuntimeFlag {
    Auto,
    Onnxruntime,
    Tract,
}

#[derive(Clone, Copy, ValueEnum)]
enum DeviceFlag {
    Auto,
    Cpu,
    Cuda,
}

/// Runs the command.
pub fn main(arguments: Arguments) -> ExitCode {
    let result: Result<ExitCode, Failure> = match arguments.command {
        Command::Run(arguments) => run::run(&arguments),
        Command::Classify(arguments) => classify::run(&arguments),
        Command::Evaluate(arguments) => evaluate::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Listen(arguments) => listen::run(arguments),
        Command::History(arguments) => history::run(&arguments),
        Command::Devices { json } => devices::run(json),
        Command::Check(arguments) => check::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Config => report::print(genrecast::config::SHIPPED),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { dir } => man::run(dir.as_deref()),
    };
    result.unwrap_or_else(|failure| failure.tell())
}
