//! The mesh of an embedded cluster: real Envoys, fed by a control plane that is part of the cluster. To whoever asks it looks like Istio's,
//! so everything but the installation is done as with Istio.

mod install;
mod mesh;
mod objects;

pub(super) use mesh::Embedded;
