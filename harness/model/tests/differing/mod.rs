//! Two runs by all that they hold: alike, unlike, and unlike for a known reason.

mod alike;
mod data;
mod reasons;

use dualproof_model::family::FamilyOrder;

const ORDERS: [FamilyOrder; 2] = [FamilyOrder::V4First, FamilyOrder::V6First];
