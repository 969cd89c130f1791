//! One of the kernel's tables (`/proc/net/tcp` and its kin, proc_pid_net(5)).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::address::canonical;

/// TCP_LISTEN, the state of a listening TCP socket.
pub(super) const LISTENING: &str = "0A";

/// TCP_CLOSE, the state of a UDP socket that is bound and not connected.
pub(super) const UNCONNECTED: &str = "07";

/// Reads the local addresses of the sockets in one state, sorted and without repeats.
///
/// # Errors
///
/// The number of the line, from 1, that is no socket.
pub(super) fn local_addresses(text: &str, state: &str) -> Result<Vec<SocketAddr>, usize> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate().skip(1) {
        let mut columns = line.split_whitespace().skip(1);
        let (local, seen) = (columns.next(), columns.nth(1));
        let address = local.and_then(address).ok_or(number + 1)?;
        if seen.ok_or(number + 1)? == state {
            found.push(address);
        }
    }
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// An address is words of 32 bits in the machine's byte order, its port a number; all in hexadecimal.
fn address(text: &str) -> Option<SocketAddr> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| u32::from_str_radix(words.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip = match words.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?))
        }
        _ => return None,
    };
    Some(canonical(SocketAddr::new(ip, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_is_named_by_its_line() {
        let header = "  sl  local_address rem_address   st\n";
        for bad in [
            "   0: 0100007F",
            "   0: 0100007F:1F90 00000000:0000",
            "   0: 0100:1F90 0:0 0A",
            "   0: 010000\u{e9}F:1F90 0 0A",
            "x",
        ] {
            assert_eq!(local_addresses(&format!("{header}{bad}\n"), LISTENING), Err(2), "{bad}");
        }
        assert_eq!(local_addresses(header, LISTENING), Ok(vec![]));
    }
}
