//! `cargo test --test conformance`: the trials of one cell as libtest tests, over one shared session.

mod session;
mod trials;

pub use trials::main;
