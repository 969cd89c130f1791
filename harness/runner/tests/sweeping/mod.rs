//! The tests of sweeping, by what they are about.

mod alive;
mod killed;
mod listing;
mod machine;
mod others;
mod outsiders;
mod trouble;
