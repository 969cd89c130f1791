//! The few programs of the seed's images, for clusters that run no images: Istio's `tcp-echo` server, and `nc` and `curl` as far as they are asked.
//!
//! Each is what the original's documentation says of the arguments below, and refuses others: a stand-in that guesses would be
//! evidence of nothing. On a cluster with images the originals run.

mod curl;
mod echo;
mod nc;
mod program;
mod reach;

pub use program::{Program, run};
