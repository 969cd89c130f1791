//! What computed configuration is held against.

mod accepted;
mod scopes;
mod sources;
mod truth;
mod versions;
