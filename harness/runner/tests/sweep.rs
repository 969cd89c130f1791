//! Sweeping from outside: what is listed, what is removed, and what is never touched.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sweeping;
