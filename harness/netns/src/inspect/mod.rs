//! What the kernel holds in a namespace, in the words of `iptables-save`, `nft -j`, `ip -j` and `/proc/net`, so that those who read a node's tools
//! read this.

mod files;
mod json;
mod rules;

pub use files::{FILES, File};
