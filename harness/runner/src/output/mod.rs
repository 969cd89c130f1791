//! What the user sees: progress, files, exit codes.

mod console;
mod exit_code;
mod files;

pub use console::Console;
pub use exit_code::Exit;
pub use files::{OutputError, write_difference, write_list, write_report};
