//! The baseline: pods without a mesh that call each other, before any mesh can be blamed.
//!
//! Evidence only. What must hold is judged by the check `cluster-baseline-dual` (K41), which computes the calls that are owed
//! with the same function as this room ([`dualproof_model::truth::baseline`]). The objects stay until [`remove`], because
//! they are collected with those of the scenarios.

mod attempt;
mod error;
mod manifest;
mod measure;
mod ready;

pub use error::BaselineError;
pub use manifest::IMAGES;
pub use measure::{Measured, measure, remove};
