//! The renderings of a report.

mod junit;
mod reports;
mod same;
mod summary;
mod text;
