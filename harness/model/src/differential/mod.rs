//! The no-mesh differential: one call matrix in two runs, with a mesh and without, cell by cell.
//!
//! It blames nobody: a mesh may refuse what a naked cluster answers (STRICT), and answer what it refuses (a proxy that knows both
//! podIPs). Whether the truth table says so stands beside each cell.

mod compare;
mod end;
mod won;

pub use compare::{CellDifference, Difference, Differential, differential};
pub use end::End;
pub use won::Won;
