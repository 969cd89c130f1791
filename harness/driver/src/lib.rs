//! How dualproof touches the world: tools, clusters, meshes and pods.
//!
//! Everything here returns evidence or an error, never a verdict. The rooms, from the ground up: [`tool`] starts
//! children, [`wait`] waits for named conditions, [`api`] speaks to one Kubernetes API server, [`cluster`] makes or
//! finds a cluster, [`image`] makes the agents' image, [`doctor`] looks beforehand for what would keep a run from
//! working, [`baseline`] asks the cluster about itself before any mesh, [`mesh`] installs and reads a mesh, [`workload`]
//! deploys servers and clients, [`outside`] keeps the client that is not in the cluster, [`probe`] calls, [`collect`] reads objects, [`inspect`] looks into pods' namespaces, [`diagnostics`] says why pods are not ready.

pub mod api;
pub mod baseline;
pub mod cluster;
pub mod collect;
pub mod context;
pub mod diagnostics;
pub mod doctor;
pub mod image;
pub mod inspect;
pub mod mesh;
pub mod outside;
pub mod probe;
pub mod tool;
pub mod trouble;
pub mod wait;
pub mod workload;
