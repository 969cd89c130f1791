//! A pod's redirect to its sidecar: what `istio-init` is asked to do, and what it says about it.

mod arguments;
mod redirection;

pub(super) use arguments::{CONTAINER, SWITCH, arguments, dual_stack};
pub(super) use redirection::redirection;
