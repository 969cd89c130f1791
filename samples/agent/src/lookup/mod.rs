//! Names to addresses, one question at a time: what was asked, of whom, and what came back.

mod conf;
mod error;

mod question;
mod search;

pub use conf::Conf;
pub use error::LookupError;
pub use search::{Lookup, Search, looks_like_a_name};
