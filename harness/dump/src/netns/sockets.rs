//! `/proc/net/tcp`, `tcp6`, `udp` and `udp6`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use dualproof_model::evidence::{ListeningSocket, Protocol};
use dualproof_model::family::IpFamily;

use crate::{DumpError, json};

const EXPECTED: &str = "sockets as /proc/net prints them";

/// Parses a table of sockets and keeps those that anybody can reach: TCP in state LISTEN, UDP without a peer. Each is there once, sorted, though a
/// proxy opens one for each of its threads.
///
/// Addresses are as the kernel prints them on a machine whose memory is little-endian, which every platform of Kubernetes but s390x is
/// (linux:net/ipv6/tcp_ipv6.c).
///
/// # Errors
/// For empty and foreign input, and a line that is not a socket's. A table with a heading alone is no error.
pub fn sockets(
    bytes: &[u8],
    family: IpFamily,
    protocol: Protocol,
    place: &str,
) -> Result<Vec<ListeningSocket>, DumpError> {
    if bytes.trim_ascii().is_empty() {
        return Err(DumpError::Empty { place: place.to_owned(), expected: EXPECTED });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| json::foreign(bytes, place, EXPECTED))?;
    let mut lines = text.lines().enumerate();
    if !lines.next().is_some_and(|(_, heading)| heading.contains("local_address")) {
        return Err(json::foreign(bytes, place, EXPECTED));
    }
    let mut sockets = Vec::new();
    for (index, line) in lines {
        let wrong = || DumpError::Value {
            place: place.to_owned(),
            field: format!("line {}", index + 1),
            value: line.escape_debug().to_string(),
            expected: "a socket",
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, peer, state, _, _, _, uid, ..] = words.as_slice() else { return Err(wrong()) };
        let address = address(local, family).ok_or_else(wrong)?;
        let peer = self::address(peer, family).ok_or_else(wrong)?;
        let uid = uid.parse().map_err(|_| wrong())?;
        let is_open = match protocol {
            Protocol::Tcp => *state == "0A",
            Protocol::Udp => peer.port() == 0 && peer.ip().is_unspecified(),
        };
        if is_open {
            sockets.push(ListeningSocket { protocol, address, uid });
        }
    }
    sockets.sort_unstable();
    sockets.dedup();
    Ok(sockets)
}

/// Reads `0100007F:1F90`: the address in words of 32 bits as they lie in memory, the port as a number.
fn address(text: &str, family: IpFamily) -> Option<SocketAddr> {
    let digits = if family == IpFamily::IPv4 { 8 } else { 32 };
    let (host, port) = text.split_at_checked(digits)?;
    let port = u16::from_str_radix(port.strip_prefix(':')?, 16).ok()?;
    let ip: IpAddr = match family {
        IpFamily::IPv4 => Ipv4Addr::from(word(host)?).into(),
        IpFamily::IPv6 => {
            let mut bytes = [0; 16];
            for (index, part) in bytes.chunks_exact_mut(4).enumerate() {
                part.copy_from_slice(&word(host.get(8 * index..8 * index + 8)?)?);
            }
            Ipv6Addr::from(bytes).into()
        }
    };
    Some(SocketAddr::new(ip, port))
}

fn word(text: &str) -> Option<[u8; 4]> {
    (text.len() == 8).then(|| u32::from_str_radix(text, 16).ok().map(u32::to_le_bytes)).flatten()
}
