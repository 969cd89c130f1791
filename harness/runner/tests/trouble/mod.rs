//! Trouble in mid-run, by what it does to the evidence.

mod clock;
mod killed;
mod lost;
mod unwritten;
