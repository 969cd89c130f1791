//! `dualproof image`: the agent's image, for those who have a registry.

mod args;
mod export;

pub use args::ImageCommand;

use crate::output::{Console, Exit};

/// Does what was asked with the image.
pub(super) fn command(given: &ImageCommand, console: &Console) -> Exit {
    match given {
        ImageCommand::Export { file, force } => export::command(file, *force, console),
    }
}
