//! One sidecar, seen from the control plane.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dualproof_model::evidence::PodRef;
use dualproof_model::family::IpFamily;

use crate::settings::Settings;
use crate::world::{OutboundMode, Pod, Scope, Service, World, WorldError};

/// The cluster that takes what must not go anywhere.
pub(crate) const BLACK_HOLE: &str = "BlackHoleCluster";
/// The cluster that takes what the pod sends to nobody known.
pub(crate) const PASSTHROUGH: &str = "PassthroughCluster";
const ANY_V4: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
const ANY_V6: IpAddr = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
/// The sources of connections to the application, which the redirect lets through (6 as in 15006).
const INBOUND_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 6));
const INBOUND_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6));

/// A sidecar with all that it is computed from.
#[derive(Clone, Copy)]
pub(crate) struct Proxy<'a> {
    pub(crate) world: &'a World,
    pub(crate) settings: &'a Settings,
    pub(crate) pod: &'a Pod,
    scope: Option<&'a Scope>,
    /// `podIPs[0]`.
    pub(crate) first_ip: IpAddr,
}

impl<'a> Proxy<'a> {
    pub(crate) fn of(world: &'a World, settings: &'a Settings, id: &PodRef) -> Result<Self, WorldError> {
        let pod = world.pod(id).ok_or_else(|| WorldError::NoPod(id.clone()))?;
        let first_ip = *pod.ips.first().ok_or_else(|| WorldError::NoAddress(id.clone()))?;
        let scope = world.scope(&pod.id.namespace, &pod.labels, &settings.names.root_namespace);
        Ok(Self { world, settings, pod, scope, first_ip })
    }

    /// Tells whether the pod has an address of this family.
    pub(crate) fn has(&self, family: IpFamily) -> bool {
        self.pod.ips.iter().any(|address| IpFamily::of(address) == family)
    }

    /// Tells whether the pod has addresses of both families.
    pub(crate) fn is_dual(&self) -> bool {
        IpFamily::BOTH.iter().all(|family| self.has(*family))
    }

    /// Tells whether istiod's half of the switch is on and the proxy can use it.
    pub(crate) fn is_dual_stack(&self) -> bool {
        self.settings.dual_stack.control_plane && self.is_dual()
    }

    /// The wildcards of the pod's families, always IPv4 first (istio/istio:pilot/pkg/networking/core/listener_address.go).
    pub(crate) fn wildcards(&self) -> Vec<IpAddr> {
        self.of_families(ANY_V4, ANY_V6)
    }

    /// The sources of inbound connections, IPv4 first.
    pub(crate) fn inbound_sources(&self) -> Vec<IpAddr> {
        self.of_families(INBOUND_V4, INBOUND_V6)
    }

    /// The Service's addresses that this proxy listens on, the primary one first; empty when headless
    /// (istio/istio:pilot/pkg/model/service.go `GetAddressForProxy`, `getAllAddressesForProxy`).
    pub(crate) fn vips(&self, service: &Service) -> Vec<IpAddr> {
        let usable: Vec<IpAddr> =
            service.cluster_ips.iter().copied().filter(|address| self.has(IpFamily::of(address))).collect();
        if !self.is_dual_stack() {
            return usable.into_iter().take(1).collect();
        }
        let Some(first) = usable.first() else {
            // Istio falls back to an address that the proxy cannot use rather than to none.
            return service.cluster_ips.first().copied().into_iter().collect();
        };
        if self.settings.ipv4_first_vips {
            // The primary was looked for among IPv4 first, the others were still all but the first of the list.
            let primary = usable.iter().find(|address| IpFamily::of(address) == IpFamily::IPv4).unwrap_or(first);
            return std::iter::once(*primary).chain(usable.iter().skip(1).copied()).collect();
        }
        usable
    }

    /// Services that this pod may call, the oldest first.
    pub(crate) fn known_services(&self) -> impl Iterator<Item = &'a Service> {
        let (scope, domain) = (self.scope, &self.settings.names.domain);
        let is_known = move |service: &&Service| scope.is_none_or(|scope| scope.knows(service, &service.host(domain)));
        self.world.services.iter().filter(is_known)
    }

    /// The cluster that takes what goes to nobody known; the mesh's own policy is ALLOW_ANY.
    pub(crate) fn unknown_cluster(&self) -> &'static str {
        match self.scope.and_then(|scope| scope.outbound).unwrap_or_default() {
            OutboundMode::AllowAny => PASSTHROUGH,
            OutboundMode::RegistryOnly => BLACK_HOLE,
        }
    }

    /// Services that send to this pod, the oldest first.
    pub(crate) fn own_services(&self) -> impl Iterator<Item = &'a Service> {
        let pod = self.pod;
        self.world.services.iter().filter(move |service| service.selects(&pod.id.namespace, &pod.labels))
    }

    fn of_families(&self, v4: IpAddr, v6: IpAddr) -> Vec<IpAddr> {
        [v4, v6].into_iter().filter(|address| self.has(IpFamily::of(address))).collect()
    }
}

/// Names the cluster of a Service's port.
pub(crate) fn outbound_cluster(host: &str, port: u16) -> String {
    format!("outbound|{port}||{host}")
}

/// Names the cluster of a pod's port.
pub(crate) fn inbound_cluster(port: u16) -> String {
    format!("inbound|{port}||")
}
