//! The mesh: what Istio's control plane would do, for sidecars that are real.
//!
//! | room | what it does |
//! | --- | --- |
//! | [`installation`] | one ConfigMap that makes the mesh be there, and says which version's shapes it has |
//! | `injector` | sidecars into new pods ([`Injector`], a rule of the store) |
//! | `redirect` | what a pod's `istio-init` is asked to do |
//! | `push` | from the store's objects to the files of every sidecar, as they change |
//! | `agent` | the port of the pod's agent, beside each sidecar |
//! | `debug` | istiod's pages: `/debug/syncz`, `/version`, `/ready` |
//!
//! It never claims to be Istio: its version is `<version>-embedded`. Known differences to Istio: Envoy reads files, in which endpoints stand
//! inside the clusters and routes inside the listeners; the sidecar's own connections are told by a mark instead of a user.

mod error;

mod images;

pub mod installation;

mod redirect;

mod injector;

mod push;

mod debug;

mod agent;

mod control_plane;

pub use control_plane::ControlPlane;
pub use error::MeshError;
pub use injector::Injector;
pub use installation::{CONFIG_MAP, Installation, SYSTEM};
pub use push::Alteration;
