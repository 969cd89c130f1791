//! Which sockets a network namespace has open to others.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// The listening TCP sockets and the bound UDP sockets of a network namespace, one list for each of the kernel's tables. A list is
/// absent when the kernel has no such table: a namespace without IPv6 has no `tcp6`. Sorted, without repeats.
///
/// The kernel's tables do not tell whether a socket on `[::]` takes IPv4 as well.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sockets {
    /// Listening IPv4 sockets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<Vec<SocketAddr>>,
    /// Listening IPv6 sockets. One that is bound to `::ffff:a.b.c.d` is listed as `a.b.c.d`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp6: Option<Vec<SocketAddr>>,
    /// Bound IPv4 sockets that are not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp: Option<Vec<SocketAddr>>,
    /// Bound IPv6 sockets that are not connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp6: Option<Vec<SocketAddr>>,
}
