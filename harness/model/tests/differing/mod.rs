//! Two runs by all that they hold: alike, unlike, and unlike for a known reason.

mod alike;
mod data;
mod reasons;

use dualproof_model::differential::{DifferenceReason, Likeness, Side, likeness};
use dualproof_model::evidence::Evidence;
use dualproof_model::family::FamilyOrder;

use crate::lab::MERGED;

const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];

/// Compares without any matrix.
fn compared(a: &Evidence, b: &Evidence, reasons: &[DifferenceReason]) -> Likeness {
    likeness([a, b].map(|evidence| Side { evidence, shapes: Some(&MERGED) }), &[], reasons)
}
