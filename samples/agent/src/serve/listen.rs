//! How a socket is asked for on the command line.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use dualproof_wire::Bind;

use super::ServeError;

/// What a socket is bound to, before the pod's addresses are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host {
    /// `0.0.0.0`.
    V4Any,
    /// `[::]`, IPv6 alone.
    V6Only,
    /// `dual`: `[::]` that takes IPv4, too.
    DualAny,
    /// A literal address.
    Literal(IpAddr),
    /// `pod-v4`: the pod's first IPv4 address.
    PodV4,
    /// `pod-v6`: the pod's first IPv6 address.
    PodV6,
}

/// One socket: `BIND:PORT`. Port 0 lets the kernel choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What it is bound to.
    pub host: Host,
    /// The port.
    pub port: u16,
}

impl Listen {
    /// Finds the address to bind, and how.
    ///
    /// # Errors
    ///
    /// [`ServeError::NoPodIp`] when a pod's address is wanted and `pod_ips` has none of that family.
    pub fn place(self, pod_ips: &[IpAddr]) -> Result<(Bind, SocketAddr), ServeError> {
        let literal = |ip| (Bind::Address(ip), ip);
        let pod = |is_wanted: fn(&IpAddr) -> bool, family| {
            let found = pod_ips.iter().copied().find(is_wanted);
            found.map(literal).ok_or_else(|| ServeError::NoPodIp { family, wanted: self.to_string() })
        };
        let (bind, ip) = match self.host {
            Host::V4Any => (Bind::V4Any, IpAddr::from(Ipv4Addr::UNSPECIFIED)),
            Host::V6Only => (Bind::V6Only, IpAddr::from(Ipv6Addr::UNSPECIFIED)),
            Host::DualAny => (Bind::DualAny, IpAddr::from(Ipv6Addr::UNSPECIFIED)),
            Host::Literal(ip) => literal(ip),
            Host::PodV4 => pod(IpAddr::is_ipv4, "IPv4")?,
            Host::PodV6 => pod(IpAddr::is_ipv6, "IPv6")?,
        };
        Ok((bind, SocketAddr::new(ip, self.port)))
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words = [("dual:", Host::DualAny), ("pod-v4:", Host::PodV4), ("pod-v6:", Host::PodV6)];
        if let Some((port, host)) = words.iter().find_map(|(word, host)| text.strip_prefix(word).zip(Some(*host))) {
            let port = port.parse().map_err(|_| format!("`{port}` is no port"))?;
            return Ok(Self { host, port });
        }
        let address: SocketAddr = text
            .parse()
            .map_err(|_| "wanted ADDRESS:PORT, with IPv6 in brackets, or dual:, pod-v4: or pod-v6: and a port")?;
        let host = match address.ip() {
            IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Host::V4Any,
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Host::V6Only,
            ip if ip != ip.to_canonical() => return Err(format!("write it as {}", ip.to_canonical())),
            ip => Host::Literal(ip),
        };
        Ok(Self { host, port: address.port() })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            Host::V4Any => write!(out, "0.0.0.0:{}", self.port),
            Host::V6Only => write!(out, "[::]:{}", self.port),
            Host::DualAny => write!(out, "dual:{}", self.port),
            Host::Literal(ip) => write!(out, "{}", SocketAddr::new(ip, self.port)),
            Host::PodV4 => write!(out, "pod-v4:{}", self.port),
            Host::PodV6 => write!(out, "pod-v6:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_is_read_and_written_back() -> Result<(), String> {
        for text in
            ["0.0.0.0:1", "[::]:2", "dual:3", "127.0.0.1:4", "[::1]:5", "pod-v4:6", "pod-v6:0", "[fd00::5]:65535"]
        {
            assert_eq!(text.parse::<Listen>()?.to_string(), text);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_address_and_port_is_refused() {
        for text in
            ["", "dual", "dual:", "dual:x", "dual:65536", ":::80", "::1:80", "localhost:80", "[::ffff:10.0.0.1]:80"]
        {
            assert!(text.parse::<Listen>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_pod_without_the_family_is_an_error_that_names_both() -> Result<(), Box<dyn std::error::Error>> {
        let v4: IpAddr = "10.0.0.1".parse()?;
        assert_eq!("pod-v4:80".parse::<Listen>()?.place(&[v4])?, (Bind::Address(v4), SocketAddr::new(v4, 80)));
        let error = "pod-v6:80".parse::<Listen>()?.place(&[v4]).map_err(|error| error.to_string());
        assert_eq!(error, Err("POD_IPS holds no IPv6 address for `pod-v6:80`".to_owned()));
        Ok(())
    }
}
