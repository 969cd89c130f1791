//! The `dualproof` command.

use std::process::ExitCode;

use clap::Parser;
use dualproof_runner::command;

fn main() -> ExitCode {
    command::main(command::Dualproof::parse())
}
