//! Which addresses a proxy's listeners must have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::evidence::SocketAddress;
use crate::family::{AddressSet, IpFamily, listener_name};
use crate::spec::InfraShape;

/// Name and port of the listener that takes captured inbound connections
/// (istio/istio:pilot/pkg/networking/core/listener_inbound.go).
pub const INBOUND: (&str, u16) = ("virtualInbound", 15006);
/// Name and port of the listener that takes captured outbound connections
/// (istio/istio:pilot/pkg/networking/core/listener_builder.go).
pub const OUTBOUND: (&str, u16) = ("virtualOutbound", 15001);
/// The ports of the bootstrap's own listeners: statistics and readiness (istio/istio:tools/packaging/common/envoy_bootstrap.json).
pub const INFRA_PORTS: [u16; 2] = [15090, 15021];
/// The port of the agent beside the proxy: merged statistics and the application's probes (istio/istio:pilot/cmd/pilot-agent/status/server.go).
pub const AGENT_PORT: u16 = 15020;

/// The wildcard addresses of a proxy that has these families
/// (istio/istio:pilot/pkg/networking/core/listener_address.go: always `0.0.0.0` first, so only the set is a claim).
#[must_use]
pub fn wildcards(families: &[IpFamily]) -> AddressSet {
    families.iter().map(|family| wildcard(*family)).collect()
}

/// The wildcard addresses of the bootstrap's own listeners, for a pod with these families in the order of `podIPs`
/// (istio/istio:pkg/bootstrap/config.go; both families since istio/istio#47022 and #47040).
#[must_use]
pub fn infra_wildcards(shape: InfraShape, families: &[IpFamily]) -> AddressSet {
    match shape {
        InfraShape::BothFamilies => wildcards(families),
        InfraShape::FirstFamily => wildcards(families.get(..1).unwrap_or_default()),
    }
}

/// The listener that stands for one port of a Service in a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboundListener {
    /// Its name.
    pub name: String,
    /// Its `address`; the others are `additional_addresses`, in any order.
    pub first: IpAddr,
    /// All its addresses.
    pub addresses: AddressSet,
}

/// Computes the listener of a port from the Service's live `clusterIPs` and the proxy's families. `None` when the Service
/// has no address in a family of the proxy: then there is nothing to listen on.
///
/// Source: istio/istio:pilot/pkg/networking/core/listener.go and pilot/pkg/model/service.go `GetAddressForProxy`,
/// `GetExtraAddressesForProxy`: the first clusterIP that the proxy can use, then the rest. Releases 1.24.0 to 1.24.5 and
/// 1.25.0 to 1.25.2 break it for IPv6-first Services (istio/istio#55577).
#[must_use]
pub fn outbound_listener(cluster_ips: &[IpAddr], port: u16, proxy: &[IpFamily]) -> Option<OutboundListener> {
    let usable: Vec<IpAddr> =
        cluster_ips.iter().copied().filter(|address| proxy.contains(&IpFamily::of(address))).collect();
    let first = *usable.first()?;
    Some(OutboundListener { name: listener_name(first, port), first, addresses: usable.into_iter().collect() })
}

/// Lists the addresses that stand more than once among some listeners' addresses: same address, port and protocol. Each is
/// listed once, with its first holder and every other one (which may be the same listener).
///
/// Envoy refuses a listener that shares an address of the same socket type with another one, bound or not
/// (envoyproxy/envoy:source/common/listener_manager/listener_impl.cc `hasDuplicatedAddress`), and static listeners count, too.
#[must_use]
pub fn repeated<'a>(
    listeners: impl IntoIterator<Item = (&'a str, &'a [SocketAddress])>,
) -> Vec<(SocketAddress, Vec<&'a str>)> {
    let mut holders: Vec<(SocketAddress, Vec<&str>)> = Vec::new();
    for (name, addresses) in listeners {
        for address in addresses {
            match holders.iter_mut().find(|(known, _)| known == address) {
                Some((_, names)) => names.push(name),
                None => holders.push((*address, vec![name])),
            }
        }
    }
    holders.retain(|(_, names)| names.len() > 1);
    holders
}

fn wildcard(family: IpFamily) -> IpAddr {
    match family {
        IpFamily::IPv4 => Ipv4Addr::UNSPECIFIED.into(),
        IpFamily::IPv6 => Ipv6Addr::UNSPECIFIED.into(),
    }
}
