//! What dualproof knows: values and pure functions, without I/O, async, clock or environment.
//!
//! The modules stand in the order of the data's way; each imports only from those before it (`tests/layering.rs`).

pub mod trouble;

pub mod family;

pub mod spec;

pub mod plan;

pub mod evidence;

pub mod matrix;

pub mod truth;

pub mod answer;

pub mod path;

pub mod differential;

pub mod verdict;

pub mod check;

pub mod report;

pub mod judge;
