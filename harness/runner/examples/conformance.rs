//! The conformance target as a plain program: what `scenarios/conformance.rs` is, for `tests/target.rs` to start.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    dualproof_runner::conformance::main(Path::new("dualproof-out"))
}
