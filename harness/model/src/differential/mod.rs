//! Two runs side by side.
//!
//! [`differential`]: one call matrix with a mesh and without, cell by cell. It blames nobody: a mesh may refuse what a naked cluster answers
//! (STRICT), and answer what it refuses (a proxy that knows both podIPs). Whether the truth table says so stands beside each cell.
//!
//! [`likeness`]: two runs of the same kind, all that they hold, without what differs from run to run, and without what has a known reason.

mod alike;
mod compare;
mod end;
mod won;

pub use alike::{DifferenceReason, Explained, Likeness, Side, Unlike, difference_reasons, likeness};
pub use compare::{CellDifference, Difference, Differential, differential};
pub use end::End;
pub use won::Won;
