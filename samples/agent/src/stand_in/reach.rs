//! Finding a host's addresses as a C library orders them.

use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use dualproof_wire::Records;

use crate::lookup::{Conf, Search};

/// The port of DNS.
const DNS: u16 = 53;

/// Finds the addresses of a host in the order in which to try them; empty when it has none.
///
/// A pod has unique local addresses (RFC 4193), whose precedence is below IPv4's (RFC 6724, 2.1), so that IPv4 goes first.
///
/// # Errors
/// When resolv.conf cannot be read.
pub(super) async fn addresses(host: &str, records: Records, deadline: Instant) -> Result<Vec<IpAddr>, String> {
    if let Ok(address) = host.trim_matches(['[', ']']).parse() {
        return Ok(vec![address]);
    }
    let conf = Conf::read(Path::new("/etc/resolv.conf")).map_err(|error| error.to_string())?;
    let mut found = Search { conf, port: DNS }.look_up(host, records, None, deadline).await.addresses;
    found.sort_by_key(|address| match address {
        IpAddr::V4(_) => 1,
        IpAddr::V6(address) if address.is_unique_local() => 2,
        IpAddr::V6(_) => 0,
    });
    Ok(found)
}
