//! What a check says: findings, and the verdict that follows from them.

mod finding;
mod layer;
mod ledger;
mod outcome;

pub use finding::{Finding, Findings, Holds};
pub use layer::Layer;
pub use ledger::{Ledger, LedgerRow};
pub use outcome::Verdict;
