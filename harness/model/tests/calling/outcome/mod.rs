//! The truth table, written out a second time.

mod bound;
mod meshed;
mod plain;
mod spelled;
mod unredirected;
mod whole;
