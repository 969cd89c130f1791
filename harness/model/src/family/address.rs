//! The one parser and printer of addresses and of host and port.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A text is not the address that it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No IP address.
    #[error("`{0}` is not an IP address")]
    NotAnAddress(String),
    /// An address with an interface, which means nothing outside its own network namespace.
    #[error("`{0}` has a zone id, so it is not an address that others can dial")]
    Zone(String),
    /// No `host:port`.
    #[error("`{0}` is not a host and a port")]
    NotHostPort(String),
    /// The part after the last `:` or `_` is no port.
    #[error("`{port}` in `{text}` is not a port from 0 to 65535")]
    Port {
        /// The whole text.
        text: String,
        /// What stands where the port belongs.
        port: String,
    },
}

/// Turns an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) into the IPv4 address that it is.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// Parses one address: bare or bracketed, upper or lower case, IPv4-mapped.
///
/// # Errors
/// [`AddressError::Zone`] where a zone id follows (`fe80::1%eth0`), [`AddressError::NotAnAddress`] for anything else.
/// The IPv4-mapped form is no error: it comes back as IPv4.
pub fn parse_ip(text: &str) -> Result<IpAddr, AddressError> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let bare = bracketed.unwrap_or(text);
    if let Some((address, zone)) = bare.split_once('%')
        && !zone.is_empty()
        && Ipv6Addr::from_str(address).is_ok()
    {
        return Err(AddressError::Zone(text.to_owned()));
    }
    let parsed = if bracketed.is_some() { bare.parse::<Ipv6Addr>().map(IpAddr::V6).ok() } else { bare.parse().ok() };
    parsed.map(canonical).ok_or_else(|| AddressError::NotAnAddress(text.to_owned()))
}

/// What stands before a port: an address or a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// A literal address.
    Ip(IpAddr),
    /// A name to be resolved; the empty name is not one.
    Name(String),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Ip(address) => write!(f, "{address}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// A host and a port; prints IPv6 in brackets, exactly once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// Whom to call.
    pub host: Host,
    /// Where.
    pub port: u16,
}

impl HostPort {
    /// Joins an address and a port.
    #[must_use]
    pub fn ip(address: IpAddr, port: u16) -> Self {
        Self { host: Host::Ip(canonical(address)), port }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl FromStr for HostPort {
    type Err = AddressError;

    /// Parses `10.0.0.1:80`, `[::]:80`, `name:80`, and istioctl's unbracketed `fd00::1:9000`, which is split at its last colon.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').ok_or_else(|| AddressError::NotHostPort(text.to_owned()))?;
        let port = parse_port(text, port)?;
        if host.is_empty() {
            return Err(AddressError::NotHostPort(text.to_owned()));
        }
        match parse_ip(host) {
            Ok(address) => Ok(Self { host: Host::Ip(address), port }),
            Err(AddressError::Zone(_)) => Err(AddressError::Zone(text.to_owned())),
            Err(_) if host.contains([':', '[', ']', '%', '/', ' ']) => Err(AddressError::NotHostPort(text.to_owned())),
            Err(_) => Ok(Self { host: Host::Name(host.to_owned()), port }),
        }
    }
}

/// Spells the name that Istio gives a listener: `<address>_<port>`, IPv6 without brackets
/// (istio/istio:pilot/pkg/networking/core/gateway.go `getListenerName`).
#[must_use]
pub fn listener_name(address: IpAddr, port: u16) -> String {
    format!("{address}_{port}")
}

/// Splits such a name at its last underscore.
///
/// # Errors
/// Where the name has another form (`virtualInbound`), which is no fault of the listener.
pub fn split_listener_name(name: &str) -> Result<(IpAddr, u16), AddressError> {
    let (address, port) = name.rsplit_once('_').ok_or_else(|| AddressError::NotHostPort(name.to_owned()))?;
    let port = parse_port(name, port)?;
    Ok((parse_ip(address)?, port))
}

fn parse_port(text: &str, port: &str) -> Result<u16, AddressError> {
    let refused = || AddressError::Port { text: text.to_owned(), port: port.to_owned() };
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused());
    }
    port.parse().map_err(|_| refused())
}
