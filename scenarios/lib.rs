//! The scenarios are data beside this file; `conformance.rs` runs them, the program `dualproof` holds them built in.
