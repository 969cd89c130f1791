//! What Istio's control plane would send a sidecar, as pure functions of objects and settings.
//!
//! [`world::World`] is read from Kubernetes objects, [`settings::Settings`] from a version profile; [`sidecar::Sidecar`] is what
//! istiod and the pod's agent would give the sidecar of one pod, in the JSON that Envoy prints and reads; [`files`] renders it for an
//! Envoy that is fed from files. The facts come from istio/istio (named where they are used) and from recordings of real Istio, which
//! `tests/against/truth.rs` compares with.
//!
//! ```
//! # use dualproof_model::{evidence::PodRef, spec::profiles};
//! # use dualproof_shapes::{files::*, settings::Settings, sidecar::Sidecar, world::{Objects, World}};
//! # use serde_json::json;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let profiles = profiles("profiles.yaml", include_str!("../../../scenarios/profiles.yaml"))?;
//! # let pods = [json!({"metadata": {"name": "a", "namespace": "b"}, "status": {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}})];
//! let world = World::read(&Objects { pods: &pods, ..Objects::default() })?;
//! let settings = Settings::of(&"1.31.0".parse()?, &profiles).ok_or("older than every profile")?;
//! let sidecar = Sidecar::of(&world, &settings, &PodRef { namespace: "b".into(), name: "a".into() })?;
//! let layout = Layout {
//!     folder: "/etc/envoy".into(),
//!     certificates: Certificates { chain: "/c/chain.pem".into(), key: "/c/key.pem".into(), roots: "/c/roots.pem".into() },
//!     mark: Some(1337),
//!     delivery: Delivery::Inline,
//!     readiness: Readiness::Proxy,
//! };
//! let files = Files::of(sidecar, &layout, "1").files;
//! assert!(files.contains_key("envoy.json") && files.contains_key("sds/default.json"));
//! # Ok(())
//! # }
//! ```

pub mod world;

pub mod settings;

mod proxy;

mod envoy;

mod inbound;

mod endpoint;

mod cluster;

mod route;

mod listener;

mod bootstrap;

pub mod sidecar;

pub mod files;
