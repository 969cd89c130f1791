//! What the API asks of pods.

use std::sync::Arc;

use async_trait::async_trait;

use super::Kubelet;
use super::exec::exec;
use super::forward::forward;
use super::log::log;
use crate::api::{ExecRequest, LogRequest, Output, PodRef, Runtime, RuntimeError, Stream, Streams};
use crate::node::container::Place;

#[async_trait]
impl Runtime for Kubelet {
    async fn exec(&self, request: ExecRequest, streams: Streams) -> Result<i32, RuntimeError> {
        exec(&self.place(&request.pod)?, request, streams).await
    }

    async fn port_forward(&self, pod: &PodRef, port: u16) -> Result<Box<dyn Stream>, RuntimeError> {
        Ok(Box::new(forward(&*self.place(pod)?, port).await?))
    }

    async fn log(&self, request: LogRequest) -> Result<Output, RuntimeError> {
        log(&*self.place(&request.pod)?, request).await
    }
}

impl Kubelet {
    fn place(&self, pod: &PodRef) -> Result<Arc<Place>, RuntimeError> {
        let PodRef { namespace, name, uid } = pod;
        let words = || format!("pod {namespace}/{name} does not run");
        self.pods.place(uid).ok_or_else(|| RuntimeError::NotRunning(words()))
    }
}
