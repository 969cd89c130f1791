//! Tables for people.

mod cells;
mod pod;
mod service;
mod table;
mod workload;

pub(super) use table::table;
