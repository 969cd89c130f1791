//! Trouble in mid-run, made against a fake API server: what ends, when, with which words, and what is kept.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;
mod trouble;
