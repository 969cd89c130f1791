//! Pods of the store to pods that run; commands, ports and logs of them.

mod register;

mod watch;

mod start;

mod exec;
mod forward;
mod log;

mod runtime;

pub use start::Kubelet;
