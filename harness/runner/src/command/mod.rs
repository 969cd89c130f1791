//! The `dualproof` command.

mod args;
mod bundles;
mod cluster;
mod doctor;
mod explain;
mod image;
mod plan;
mod prepare;
mod run;
mod sweep;

pub use args::{Command, Dualproof};
pub use cluster::ClusterCommand;
pub use image::ImageCommand;
pub use prepare::{Readied, ready};
pub use run::run_cell;
pub use sweep::Sweep;

use std::process::ExitCode;

use crate::output::Console;

/// Does what the command line says.
#[must_use]
pub fn main(dualproof: Dualproof) -> ExitCode {
    let console = Console::default();
    let exit = match dualproof.command {
        Command::Run(given) => run::command(given, &console),
        Command::Plan(given) => plan::command(given, &console),
        Command::List(given) => plan::list(given, &console),
        Command::Doctor { given, list } => doctor::command(given, list, &console),
        Command::Explain { check } => explain::command(check.as_deref(), &console),
        Command::Image(given) => image::command(&given, &console),
        Command::Cluster(given) => cluster::command(given, &console),
        Command::Sweep(given) => sweep::command(given, &console),
        Command::Diff { a, b, out, rules } => bundles::diff(&a, &b, out.as_deref(), rules.as_deref(), &console),
        Command::Judge { bundles, out, rules } => bundles::judge(&bundles, out.as_deref(), rules.as_deref(), &console),
    };
    exit.into()
}
