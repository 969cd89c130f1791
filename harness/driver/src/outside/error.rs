//! Why nobody stands outside.

use testcontainers::TestcontainersError;

use crate::image::ImageError;
use crate::tool::ToolError;

/// The client outside could not be started.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// Docker was not given the agent's image.
    #[error("cannot give Docker the agent's image")]
    Load(#[source] ToolError),
    /// The image's archive could not be written.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The container was not started.
    #[error("cannot start a container of {image} on the Docker network `{network}`")]
    Start {
        /// The image.
        image: String,
        /// The network.
        network: &'static str,
        /// Why.
        source: Box<TestcontainersError>,
    },
    /// The run was stopped meanwhile, or the budget used up.
    #[error("the container on the Docker network `{network}` was not started: {why}")]
    Unfinished {
        /// The network.
        network: &'static str,
        /// Why.
        why: &'static str,
    },
    /// It cannot be said which addresses the container has.
    #[error("cannot ask Docker for the container's addresses")]
    Ask(#[source] ToolError),
}
