//! The Kubernetes API over HTTP.
//!
//! What kube and kubectl use: discovery, reading and watching, writing with every kind of patch, tables, and streams into pods. Everything
//! is answered from the store; what runs in pods is behind [`Runtime`].

mod answer;
mod columns;
mod discovery;
mod kubeconfig;
mod patch;
mod protobuf;
mod request;
mod resource;
mod route;
mod server;
mod state;
mod stream;

pub use kubeconfig::kubeconfig;
pub use server::{serve, serve_with};
pub use state::ApiServer;
pub use stream::{ExecRequest, LogRequest, Output, PodRef, Runtime, RuntimeError, Stream, Streams};
