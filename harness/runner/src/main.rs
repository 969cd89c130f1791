//! The `dualproof` command.

use std::process::ExitCode;

use clap::Parser;
use dualproof_runner::{command, embedded};

fn main() -> ExitCode {
    // A cluster enters its namespaces before there is any thread.
    if let Some(code) = embedded::served() {
        return code;
    }
    command::main(command::Dualproof::parse())
}
