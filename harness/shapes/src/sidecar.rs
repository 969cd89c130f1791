//! Everything that one sidecar is sent.

use std::collections::BTreeMap;

use dualproof_model::evidence::PodRef;
use serde_json::Value;

use crate::inbound::inbound_ports;
use crate::proxy::Proxy;
use crate::settings::Settings;
use crate::world::{World, WorldError};
use crate::{bootstrap, cluster, endpoint, listener, route};

/// The configuration of one sidecar, as Istio would send it: every source is the stream from istiod.
#[derive(Clone, Debug, PartialEq)]
pub struct Sidecar {
    /// What the pod's agent starts Envoy with.
    pub bootstrap: Value,
    /// Listeners.
    pub listeners: Vec<Value>,
    /// Clusters.
    pub clusters: Vec<Value>,
    /// Endpoints, by the name of their cluster.
    pub endpoints: BTreeMap<String, Value>,
    /// Routes, by their name.
    pub routes: BTreeMap<String, Value>,
}

impl Sidecar {
    /// Computes the configuration of a pod's sidecar. Whether the pod has one is not asked.
    ///
    /// # Errors
    /// [`WorldError::NoPod`] and [`WorldError::NoAddress`]. A Service without endpoints is no error.
    pub fn of(world: &World, settings: &Settings, pod: &PodRef) -> Result<Self, WorldError> {
        let proxy = Proxy::of(world, settings, pod)?;
        let ports = inbound_ports(&proxy);
        Ok(Self {
            bootstrap: bootstrap::bootstrap(&proxy),
            listeners: listener::listeners(&proxy, &ports),
            clusters: cluster::clusters(&proxy, &ports),
            endpoints: endpoint::endpoints(&proxy),
            routes: route::routes(&proxy),
        })
    }
}
