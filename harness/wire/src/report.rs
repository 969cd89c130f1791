//! What the prober reports of one call.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::Records;

/// One question to a resolver, and what came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resolution {
    /// The name as asked, fully qualified.
    pub name: String,
    /// `a` or `aaaa`; never both.
    pub records: Records,
    /// The resolver that was asked.
    pub resolver: SocketAddr,
    /// How it ended.
    pub outcome: ResolutionOutcome,
    /// The addresses of the answer, in its order.
    pub addresses: Vec<IpAddr>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// How a question ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResolutionOutcome {
    /// NOERROR with addresses.
    Answered,
    /// NOERROR without an address of this family (RFC 2308 NODATA).
    NoData,
    /// NXDOMAIN.
    NxDomain,
    /// SERVFAIL.
    ServFail,
    /// Another code of the resolver, by its number.
    Code(u16),
    /// Nothing came back in time.
    Timeout,
    /// The question could not be sent, or the answer could not be read.
    Broken(String),
}

/// One try to connect to one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attempt {
    /// The address tried.
    pub address: SocketAddr,
    /// The client's own socket address; none when it never got one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<SocketAddr>,
    /// The time until it was connected, in microseconds; none when it was not. For UDP the socket's own connect, which proves nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect_micros: Option<u64>,
    /// The time from the start of the try to the first byte of the answer, in microseconds; none when none came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte_micros: Option<u64>,
    /// The status of an HTTP answer; none for other protocols, and when no answer's head came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a try, or a whole call, ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Something was answered: the text as it came without the end of its last line, at most 4 KiB of it; bytes that are not UTF-8 as
    /// U+FFFD. From a server that speaks first both lines, the greeting before the answer. An answer that was cut short by the other
    /// side's end counts. Whether it is right is for the judge to say.
    Replied(String),
    /// The other side ended the connection without a word.
    Closed,
    /// ECONNREFUSED.
    Refused,
    /// ECONNRESET or EPIPE.
    Reset,
    /// The deadline passed.
    Timeout,
    /// ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL: no way there. EACCES of a connect, too: so Linux says ICMPv6 "administratively
    /// prohibited", whose IPv4 twin is EHOSTUNREACH.
    Unreachable,
    /// The name has no address of the wanted family, or none at all.
    NoData,
    /// The name does not exist.
    NxDomain,
    /// The resolver failed.
    ServFail,
    /// TLS failed.
    Tls(String),
    /// Anything else, in the system's words.
    Failed(String),
}

impl Outcome {
    /// Names the kind of end, as its JSON does.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Replied(_) => "replied",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::NoData => "no-data",
            Self::NxDomain => "nx-domain",
            Self::ServFail => "serv-fail",
            Self::Tls(_) => "tls",
            Self::Failed(_) => "failed",
        }
    }
}

/// One line of the prober: what became of one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// The call's id.
    pub id: String,
    /// The questions to the resolver, in their order; none for a literal address.
    pub resolutions: Vec<Resolution>,
    /// The tries, in their order.
    pub attempts: Vec<Attempt>,
    /// How the call ended: as its last try did, or as its look-up did when there was nothing to try.
    pub outcome: Outcome,
    /// How long all of it took, in microseconds.
    pub micros: u64,
}
