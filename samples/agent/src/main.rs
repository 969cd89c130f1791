//! The `agent` command.

use std::process::ExitCode;

use clap::Parser;
use dualproof_agent::command;
use dualproof_agent::stand_in::{self, Program};

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    if let Some(program) = words.next().and_then(|file| Program::named(&file)) {
        let words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        return stand_in::run(program, &words);
    }
    command::main(command::Agent::parse())
}
