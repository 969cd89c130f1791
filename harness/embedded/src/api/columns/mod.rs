//! Tables for people.

mod cells;
mod column;
mod pod;
mod service;
mod table;
mod workload;

pub(super) use table::table;
