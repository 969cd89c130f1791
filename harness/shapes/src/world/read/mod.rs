//! Objects as the API server prints them, to values.

mod wire;

mod objects;

pub use objects::{Objects, World, items};
