//! The kubelets of all nodes, and the network between them: pods as namespaces.
//!
//! | room | what it does |
//! | --- | --- |
//! | [`image`] | which program an image stands for; what a mesh brings: [`Proxies`], [`Builtin`] |
//! | [`network`] | fabric, nodes and pods; the service proxy; the cluster's DNS |
//! | [`container`] | one container: environment, process, log, probes, restarts |
//! | [`pod`] | one pod: from its network to its status |
//! | [`kubelet`] | pods of the store to pods that run, and commands, ports and logs of them |
//!
//! # What to know
//!
//! * Everything happens inside [`dualproof_netns::confine`], in one process, driven by the store's changes.
//! * A container is a process group in its pod's network and mount namespace. All pods share the process namespace and the files of this machine:
//!   no image is unpacked, no volume is mounted (a Warning says so), and a pod has `/etc/hosts` and `/etc/resolv.conf` of its own.
//! * Programs are found by name in `<folder>/bin` (the agent and what it stands in for) before the machine's PATH.
//! * A pod without a readiness probe is Ready when its containers have started; one of our own servers, when it has bound its ports.
//! * Liveness probes, hooks of the life cycle and limits of resources have no effect.

mod error;
mod settings;

pub mod image;

pub mod network;

pub mod container;

pub mod pod;

pub mod kubelet;

pub use error::NodeError;
pub use image::{Builtin, Images, NoProxies, Program, Proxies, Redirection};
pub use kubelet::Kubelet;
pub use settings::KubeletSettings;
