//! `ip -j addr`.

use std::borrow::Cow;

use dualproof_model::evidence::Interface;
use ipnet::IpNet;
use serde::Deserialize;

use crate::json::or_default;
use crate::place::Entry;
use crate::{DumpError, json};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Link<'a> {
    #[serde(borrow)]
    ifname: Option<Cow<'a, str>>,
    #[serde(borrow, deserialize_with = "or_default")]
    addr_info: Vec<Info<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info<'a> {
    #[serde(borrow)]
    local: Option<Cow<'a, str>>,
    prefixlen: u8,
}

/// Parses the interfaces of a namespace with their addresses of both families. An address without `local`, which `ip` prints for none of IP, is
/// left out.
///
/// # Errors
/// For empty, foreign and truncated input, an interface without a name, and an address or a prefix that is none. An empty array is an error, too:
/// every namespace has `lo`.
pub fn addresses(bytes: &[u8], place: &str) -> Result<Vec<Interface>, DumpError> {
    const EXPECTED: &str = "addresses as `ip -j addr` prints them";
    let links: Vec<Link<'_>> = json::array(bytes, place, EXPECTED)?;
    if links.is_empty() {
        return Err(DumpError::Absent { place: place.to_owned(), field: "interface".to_owned(), expected: EXPECTED });
    }
    let mut interfaces = Vec::new();
    for (index, link) in links.into_iter().enumerate() {
        let entry = Entry::of(place, "", index);
        let name = link.ifname.filter(|name| !name.is_empty()).ok_or_else(|| entry.absent("ifname", EXPECTED))?;
        let mut addresses = Vec::new();
        for (position, info) in link.addr_info.iter().enumerate() {
            let Some(local) = &info.local else { continue };
            let field = format!("addr_info[{position}]");
            let address = entry.ip(|| format!("{field}.local"), local)?;
            let net = IpNet::new(address, info.prefixlen);
            addresses.push(
                net.map_err(|_| entry.value(&format!("{field}.prefixlen"), info.prefixlen, "a length of a prefix"))?,
            );
        }
        interfaces.push(Interface { name: name.into_owned(), addresses });
    }
    Ok(interfaces)
}
