//! The one spelling of an address.

use std::net::SocketAddr;

/// Rewrites `::ffff:a.b.c.d`, the form in which a dual-stack socket sees IPv4, to `a.b.c.d`. All others stay as they are, with their scope.
#[must_use]
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip == address.ip() => address,
        ip => SocketAddr::new(ip, address.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_address_is_ipv4_and_a_scope_survives() -> Result<(), Box<dyn std::error::Error>> {
        assert_eq!(canonical("[::ffff:192.0.2.1]:80".parse()?), "192.0.2.1:80".parse()?);
        assert_eq!(canonical("[fe80::1%2]:80".parse()?), "[fe80::1%2]:80".parse()?);
        assert_eq!(canonical("192.0.2.1:80".parse()?), "192.0.2.1:80".parse()?);
        Ok(())
    }
}
