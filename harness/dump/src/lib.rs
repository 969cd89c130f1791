//! Raw JSON to typed evidence, and the bundle on disk.
//!
//! The parsers take bytes and the place that they came from, and return [`dualproof_model::evidence`] or a [`DumpError`] that names
//! the place. They are lenient about what they do not know (a new field of Envoy never hurts) and strict about what they
//! use: foreign, empty or truncated input is an error, never an empty result. Only [`bundle`] touches files.

pub mod bundle;
pub mod envoy;
mod error;
pub mod istio;
mod json;
pub mod kubernetes;
pub mod netns;
mod place;

pub use error::DumpError;
