//! Which addresses stand behind a port of a Service.

use std::net::IpAddr;

use dualproof_model::family::IpFamily;

use super::{Pod, Service, ServicePort, World};

/// One endpoint of a Service's port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend<'a> {
    /// Its addresses: one, or all of the pod's in the order of `podIPs`.
    pub addresses: Vec<IpAddr>,
    /// Its port.
    pub port: u16,
    /// Its pod; `None` where the slice names none.
    pub pod: Option<&'a Pod>,
}

impl World {
    /// Lists the ready endpoints of a port, in the order of the slices.
    ///
    /// With `merged` a dual pod behind a Service with two clusterIPs is one endpoint with all its addresses; it stands where the
    /// IPv4 slice has it, and the IPv6 slice's entry is skipped (istio/istio#51279, endpointslice.go). A headless Service has one
    /// clusterIP, `None`, so its pods are never merged. An endpoint whose pod is not known yet is left out, as istiod does.
    #[must_use]
    pub fn backends(&self, service: &Service, port: &ServicePort, merged: bool) -> Vec<Backend<'_>> {
        let mut backends = Vec::new();
        let slices =
            self.slices.iter().filter(|slice| slice.namespace == service.namespace && slice.service == service.name);
        for slice in slices {
            let Some((_, number)) = slice.ports.iter().find(|(name, _)| *name == port.name) else { continue };
            for endpoint in &slice.endpoints {
                let pod = match &endpoint.pod {
                    Some(id) => match self.pod(id) {
                        Some(pod) => Some(pod),
                        None => continue,
                    },
                    None => None,
                };
                let mut addresses = vec![endpoint.address];
                if let Some(pod) = pod
                    && merged
                    && service.cluster_ips.len() > 1
                    && pod.ips.len() > 1
                {
                    if slice.family == IpFamily::IPv6 {
                        continue;
                    }
                    addresses.clone_from(&pod.ips);
                }
                backends.push(Backend { addresses, port: *number, pod });
            }
        }
        backends
    }
}
