//! The rules of a run: scenarios, version profiles and deviations, built in or from a folder.

mod built_in;
mod load;

pub use load::{RuleBook, RulesError};
