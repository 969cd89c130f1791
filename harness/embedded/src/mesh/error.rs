//! Why the mesh does not do as asked.

use std::path::PathBuf;

use dualproof_model::evidence::PodRef;
use dualproof_shapes::world::WorldError;

use crate::authority::AuthorityError;

/// A mesh, a sidecar or a redirect that is not as it should be.
#[derive(Debug, thiserror::Error)]
pub enum MeshError {
    /// There is no mesh in the cluster.
    #[error("no mesh is installed: there is no ConfigMap {namespace}/{name}")]
    NotInstalled {
        /// Where it would be.
        namespace: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// The mesh's settings say something that is not known.
    #[error("the mesh's ConfigMap says `{value}` for `{key}`, and {known} is known")]
    Setting {
        /// The key.
        key: String,
        /// Its value.
        value: String,
        /// What may stand there.
        known: String,
    },
    /// An annotation of a pod cannot be followed.
    #[error("annotation `{annotation}` of the pod says `{value}`: {why}")]
    Annotation {
        /// The annotation.
        annotation: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// The arguments of the redirect's container cannot be followed.
    #[error("argument `{argument}` of the container {container}: {why}")]
    Argument {
        /// The container.
        container: &'static str,
        /// The argument.
        argument: String,
        /// What is wrong with it.
        why: String,
    },
    /// What a sidecar is sent cannot be computed.
    #[error("the configuration of {pod} cannot be computed")]
    Shapes {
        /// The sidecar's pod.
        pod: PodRef,
        /// Why.
        source: Box<WorldError>,
    },
    /// A certificate could not be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A file for Envoy could not be written.
    #[error("cannot write {}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl MeshError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotInstalled { .. } => "install the mesh first".to_owned(),
            Self::Setting { .. } => {
                "correct the ConfigMap: `kubectl -n istio-system edit configmap dualproof-mesh`".to_owned()
            }
            Self::Annotation { .. } => "correct the annotation, or leave it out".to_owned(),
            Self::Argument { .. } => "let the injector write the container".to_owned(),
            Self::Shapes { source, .. } => source.hint(),
            Self::Authority(error) => error.hint(),
            Self::Write { .. } => "check that the run's folder is writable and not full".to_owned(),
        }
    }
}
