//! Paths: what is proven, what is wrong with one, and what never counts.

mod ambiguous;
mod call;
mod counted;
mod incomplete;
mod properties;
mod proven;
mod renumbered;
mod strayed;
