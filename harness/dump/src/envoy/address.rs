//! Socket addresses.

use dualproof_model::evidence::{Protocol, SocketAddress};

use super::wire;
use crate::DumpError;
use crate::place::Entry;

/// Converts the primary address and the additional ones, in their order and with their repeats; pipes and internal addresses
/// are left out. `field` says where the primary stands, `more` where an additional one does; both are asked only for errors.
pub(super) fn all<'w, 'a: 'w>(
    entry: &Entry<'_>,
    primary: Option<&wire::Address<'a>>,
    field: impl Fn() -> String,
    additional: impl Iterator<Item = &'w wire::Address<'a>>,
    more: impl Fn(usize) -> String,
) -> Result<Vec<SocketAddress>, DumpError> {
    let mut addresses = Vec::new();
    if let Some(socket) = primary.and_then(|address| address.socket_address.as_ref()) {
        addresses.push(one(entry, socket, &field)?);
    }
    for (index, address) in additional.enumerate() {
        if let Some(socket) = &address.socket_address {
            addresses.push(one(entry, socket, &|| more(index))?);
        }
    }
    Ok(addresses)
}

/// Converts one address; `field` says where it stands.
pub(super) fn one(
    entry: &Entry<'_>,
    socket: &wire::SocketAddress<'_>,
    field: &impl Fn() -> String,
) -> Result<SocketAddress, DumpError> {
    let ip = entry.ip(|| format!("{}.socket_address.address", field()), &socket.address)?;
    let port_field = || format!("{}.socket_address.port_value", field());
    let Some(number) = socket.port_value else { return Err(entry.absent(&port_field(), "a port")) };
    let port = u16::try_from(number.0).map_err(|_| entry.value(&port_field(), number.0, "a port from 0 to 65535"))?;
    let protocol = match socket.protocol.as_ref() {
        "" | "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        other => {
            return Err(entry.value(&format!("{}.socket_address.protocol", field()), other, "TCP or UDP"));
        }
    };
    Ok(SocketAddress { ip, port, protocol })
}
