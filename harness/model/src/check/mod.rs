//! The checks: pure functions from a case to findings, one file each, in one room for each layer.
//!
//! To add one: write its file beside its neighbours, give it a [`Check`] constant, list it in `catalogue.rs`, name it in a
//! scenario. Each check is proven by mutants: `tests/mutants.rs` lays the faults of `tests/faults/` over the green evidence
//! of `tests/lab/` and asserts that exactly the intended checks turn red; a check without faults is refused. Checks that ask the
//! calls of a matrix are built on `calling`, their faults stand in `tests/faults/calls.rs`.
//!
//! A fault has one home. Where two checks look at the same thing, one of them leaves it to the other, and says so: a family
//! that the Service should not have is K13's, a repeated address K07's, the first address of an endpoint K12's.

mod application;
mod calling;
mod case;
mod catalogue;
mod cluster;
mod dns;
mod endpoint;
mod environment;
mod listener;
mod objects;
mod redirect;
mod reply;
mod service_path;
mod transport;

pub use case::{Case, Judged};
pub use catalogue::{Check, all, find};
