//! The `agent` command.

use std::process::ExitCode;

use clap::Parser;
use dualproof_agent::command;

fn main() -> ExitCode {
    command::main(command::Agent::parse())
}
