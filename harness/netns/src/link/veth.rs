//! Pairs of interfaces between two namespaces.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU32, Ordering};

use super::links::{check_name, link_header};
use super::{Links, numbers as n};
use crate::NetnsError;
use crate::netlink::{Body, Requests};

/// The hardware address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HardwareAddress(pub [u8; 6]);

/// A pair of interfaces that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Veth {
    /// The hardware address of the end in the namespace it was asked of.
    pub near: HardwareAddress,
    /// That of the end in the other namespace.
    pub far: HardwareAddress,
}

impl HardwareAddress {
    /// Makes one that no other interface made by this process has: locally administered, for one station.
    fn next() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(1);
        let [a, b, c, d] = MADE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        Self([0x02, 0xd9, a, b, c, d])
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl Links {
    /// Makes a pair of interfaces, one here, one in another namespace ([`crate::Namespace::handle`]), without addresses. The one here is up, the other
    /// is not: the kernel opens no end before the pair is complete. Either goes with its namespace, and with the other.
    ///
    /// # Errors
    /// [`NetnsError::Value`] for a name that is none; [`NetnsError::Refused`] where an interface of that name is there in either.
    pub fn veth(&self, near: &str, other: impl AsFd, far: &str) -> Result<Veth, NetnsError> {
        check_name(near)?;
        check_name(far)?;
        let made = Veth { near: HardwareAddress::next(), far: HardwareAddress::next() };
        let flags = Requests::ACKNOWLEDGE | Requests::CREATE | Requests::EXCLUSIVE;
        let mut requests = Requests::new();
        requests.push(n::NEW_LINK, flags, format!("make the pair `{near}` and `{far}`"), |body| {
            end(body, near, made.near, n::IFF_UP);
            body.nest(n::IFLA_LINKINFO, |info| {
                info.string(n::IFLA_INFO_KIND, "veth");
                info.nest(n::IFLA_INFO_DATA, |data| {
                    data.nest(n::VETH_INFO_PEER, |peer| {
                        end(peer, far, made.far, 0);
                        peer.attribute(n::IFLA_NET_NS_FD, &other.as_fd().as_raw_fd().to_ne_bytes());
                    });
                });
            });
        });
        self.socket.change(requests)?;
        Ok(made)
    }
}

/// One end, with one queue instead of one for each processor.
fn end(body: &mut Body<'_>, name: &str, hardware: HardwareAddress, flags: u32) {
    body.bytes(&link_header(0, flags, flags));
    body.string(n::IFLA_IFNAME, name);
    body.attribute(n::IFLA_ADDRESS, &hardware.0);
    body.native(n::IFLA_NUM_TX_QUEUES, 1);
    body.native(n::IFLA_NUM_RX_QUEUES, 1);
}
