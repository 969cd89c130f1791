//! The program: its arguments, its exit codes.
//!
//! 0: done; what became of calls is in their reports. 1: it could not go on, for example because nobody reads its output.
//! 2: usage or bad input, before anything was done: a flag, a line that is no call, a socket that cannot be bound.

mod args;

mod main;

pub use args::Agent;
pub use main::main;
