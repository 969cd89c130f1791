//! Which addresses are whose: as kind has them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use dualproof_model::family::IpFamily;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The last group of the fabric's own addresses; the first node follows.
const FABRIC: u8 = 1;

/// The fabric's own address, which is every node's gateway.
pub(super) fn fabric(family: IpFamily) -> IpAddr {
    on_fabric(family, FABRIC)
}

/// The address of a node; nodes are numbered from 0.
pub(super) fn node(family: IpFamily, index: u8) -> IpAddr {
    on_fabric(family, FABRIC.saturating_add(1).saturating_add(index))
}

/// The length of the prefix that nodes share: `172.18.0.0/16`, `fc00:f853:ccd:e793::/64`.
pub(super) fn fabric_prefix(family: IpFamily) -> u8 {
    match family {
        IpFamily::IPv4 => 16,
        IpFamily::IPv6 => 64,
    }
}

/// The range of the pods of a node, out of `10.244.0.0/16` and `fd00:10:244::/56`.
pub(super) fn pods(family: IpFamily, index: u8) -> IpNet {
    let address = pod(family, index, 0);
    let length = match family {
        IpFamily::IPv4 => 24,
        IpFamily::IPv6 => 64,
    };
    IpNet::new(address, length).unwrap_or_else(|_| single(address))
}

/// The address of a pod of a node; pods are numbered from 2.
pub(super) fn pod(family: IpFamily, index: u8, number: u8) -> IpAddr {
    match family {
        IpFamily::IPv4 => Ipv4Addr::new(10, 244, index, number).into(),
        IpFamily::IPv6 => Ipv6Addr::new(0xfd00, 0x10, 0x244, u16::from(index), 0, 0, 0, u16::from(number)).into(),
    }
}

/// The gateway of every pod. No interface has it: pods are told the hardware address.
pub(super) fn gateway(family: IpFamily) -> IpAddr {
    match family {
        IpFamily::IPv4 => Ipv4Addr::new(169, 254, 1, 1).into(),
        IpFamily::IPv6 => Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into(),
    }
}

/// All addresses of a family.
pub(super) fn everything(family: IpFamily) -> IpNet {
    match family {
        IpFamily::IPv4 => Ipv4Net::default().into(),
        IpFamily::IPv6 => Ipv6Net::default().into(),
    }
}

/// One address as a network.
pub(super) fn single(address: IpAddr) -> IpNet {
    IpNet::from(address)
}

fn on_fabric(family: IpFamily, last: u8) -> IpAddr {
    match family {
        IpFamily::IPv4 => Ipv4Addr::new(172, 18, 0, last).into(),
        IpFamily::IPv6 => Ipv6Addr::new(0xfc00, 0xf853, 0xccd, 0xe793, 0, 0, 0, u16::from(last)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_nodes_hold_their_pods_and_no_others() {
        for family in IpFamily::BOTH {
            for index in [0, 1, 255] {
                assert!(pods(family, index).contains(&pod(family, index, 254)), "{family} {index}");
                assert!(!pods(family, index).contains(&pod(family, index.wrapping_add(1), 2)), "{family} {index}");
            }
        }
        assert_eq!(pods(IpFamily::IPv6, 0).to_string(), "fd00:10:244::/64");
        assert_eq!(pods(IpFamily::IPv4, 1).to_string(), "10.244.1.0/24");
    }
}
