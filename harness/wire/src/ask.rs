//! What the prober is asked to do: one call.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Protocol;

/// Which records a name is looked up by. With both, each is its own question, and addresses are tried IPv6 first (RFC 6724 with
/// equal scopes), one after another, until one connects. While others are left to try, one gets an equal share of the time that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Records {
    /// A alone.
    A,
    /// AAAA alone.
    Aaaa,
    /// A and AAAA.
    Both,
}

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Destination {
    /// A literal address and port.
    Address(SocketAddr),
    /// A name to look up, and a port.
    #[serde(rename_all = "camelCase")]
    Name {
        /// The name; looked up as the pod's `resolv.conf` says (search domains, ndots) unless it ends with a dot. The search ends at
        /// the first name that exists, be it without an address of the wanted family.
        name: String,
        /// The port.
        port: u16,
        /// Which records.
        records: Records,
        /// The resolver to ask; the first of `resolv.conf` where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resolver: Option<IpAddr>,
    },
}

/// One call for the prober to make. The prober reads one JSON object a line from standard input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ask {
    /// Unique in the list; the report repeats it.
    pub id: String,
    /// What the client sends and a right answer repeats. Printable ASCII without spaces, different for every call of a run.
    pub token: String,
    /// Where to.
    pub to: Destination,
    /// How.
    pub protocol: Protocol,
    /// How long the whole call may take, look-up included, in milliseconds.
    pub deadline_millis: u64,
    /// How many bytes the client sends after its token, for calls about size; 0 for none, 1 MiB at most. HTTP carries them as the
    /// request's body. Our servers take 64 KiB in a line, token included.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub payload: u64,
    /// Take a source port that no other call of this prober has; TCP alone. The kernel gives a port again for another destination,
    /// and where both are redirected to one proxy it then shows the proxy another port than the client's own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_port: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
