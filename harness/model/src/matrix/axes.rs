//! The axes that only live objects fill, and what live objects say of the others.

use std::fmt;

use dualproof_wire::{Bind, Records};

use crate::evidence::Service;
use crate::family::{IpFamily, IpFamilyPolicy};
use crate::spec::TargetKind;

impl TargetKind {
    /// Tells whether a live Service is of this kind.
    #[must_use]
    pub fn fits(self, service: &Service) -> bool {
        use IpFamily::{IPv4, IPv6};
        let families = service.families.as_slice();
        let is =
            |policy, wanted: &[IpFamily]| !service.headless && service.policy == Some(policy) && families == wanted;
        match self {
            Self::DualV4V6 => is(IpFamilyPolicy::RequireDualStack, &[IPv4, IPv6]),
            Self::DualV6V4 => is(IpFamilyPolicy::RequireDualStack, &[IPv6, IPv4]),
            Self::PreferDual => is(IpFamilyPolicy::PreferDualStack, families) && !families.is_empty(),
            Self::SingleV4 => is(IpFamilyPolicy::SingleStack, &[IPv4]),
            Self::SingleV6 => is(IpFamilyPolicy::SingleStack, &[IPv6]),
            Self::HeadlessDual => service.headless && families.len() == 2,
            Self::HeadlessSingle => service.headless && families.len() == 1,
        }
    }
}

/// By which kind of address the server is dialled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dial {
    /// The Service's name, looked up by these records.
    Name(Records),
    /// The clusterIP of the cell's family.
    ClusterIp,
    /// The podIP of the cell's family, of the server with this number (from 0, by name).
    PodIp(usize),
    /// The InternalIP of the cell's family, of the node with this name, on the Service's nodePort.
    NodePort(String),
}

impl fmt::Display for Dial {
    /// Spells it for ids: `name-aaaa`, `pod-ip-0`, `node-port-kind-worker`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(Records::A) => f.write_str("name-a"),
            Self::Name(Records::Aaaa) => f.write_str("name-aaaa"),
            Self::Name(Records::Both) => f.write_str("name-both"),
            Self::ClusterIp => f.write_str("cluster-ip"),
            Self::PodIp(number) => write!(f, "pod-ip-{number}"),
            Self::NodePort(node) => write!(f, "node-port-{node}"),
        }
    }
}

/// Spells a bind mode for ids. A literal address is spelled by its kind and family: the address itself changes with every run.
#[must_use]
pub fn bind_slug(bind: Bind) -> &'static str {
    match bind {
        Bind::V4Any => "v4-any",
        Bind::V6Only => "v6-only",
        Bind::DualAny => "dual-any",
        Bind::Address(address) => match (address.is_loopback(), IpFamily::of(&address)) {
            (true, IpFamily::IPv4) => "v4-loopback",
            (true, IpFamily::IPv6) => "v6-loopback",
            (false, IpFamily::IPv4) => "v4-literal",
            (false, IpFamily::IPv6) => "v6-literal",
        },
    }
}
