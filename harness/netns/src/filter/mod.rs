//! The packet filter: tables of nftables as values, written in one batch and read back the same.

mod decode;
mod encode;
mod expression;
mod numbers;
mod read;
mod table;
mod write;

pub use expression::{Expression, Meta, Part, Refusal, Verdict};
pub use table::{Base, Chain, Element, Hook, Map, Table};
pub use write::Filter;
