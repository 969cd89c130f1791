//! `cargo test --test conformance`: every trial of one cell, on one cluster that the first of them makes.
//!
//! Settings come from `DUALPROOF_*` variables (harness/runner/src/settings/env_vars.rs); `-- --list`, filters and `--exact`
//! work as in any Rust test, and listing makes nothing.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The same folder as that of `cargo run -- run` in the checkout.
    dualproof_runner::conformance::main(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../dualproof-out"))
}
