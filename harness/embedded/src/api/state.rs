//! What all requests share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::stream::Runtime;
use crate::store::Store;

/// An API server: a store, and what runs its pods.
#[derive(Clone)]
pub struct ApiServer {
    /// The objects.
    pub store: Store,
    /// What runs commands in pods, forwards their ports, and has their logs.
    pub runtime: Arc<dyn Runtime>,
    /// Ends watches, logs and streams, and then the server.
    pub stop: CancellationToken,
}
