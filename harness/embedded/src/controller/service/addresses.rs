//! Cluster addresses of Services.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use dualproof_model::family::{IpFamily, parse_ip};
use ipnet::IpNet;
use serde_json::json;

use super::fields::{Fields, NONE, Seen};
use crate::controller::ClusterConfig;
use crate::store::object::{name, namespace};
use crate::store::{Cause, Refusal, State, resource};

/// Addresses of a range that are looked through at most: an IPv6 range has more than anybody can use.
const SPAN: u128 = 1 << 16;

/// Why an address or a port is not to be had.
pub(super) enum Lack {
    /// The Service asks for what it cannot have.
    Asked(Cause),
    /// There is none left.
    Empty(String),
}

impl Lack {
    pub(super) fn refusal(self, name: &str) -> Refusal {
        match self {
            Self::Asked(cause) => {
                Refusal::Invalid { kind: "Service".to_owned(), name: name.to_owned(), causes: vec![cause] }
            }
            Self::Empty(why) => Refusal::Internal(format!("Internal error occurred: {why}")),
        }
    }
}

/// Gives a Service the addresses of its families that it does not have; those that it names must be free.
pub(super) fn allocate(
    config: &ClusterConfig,
    cursor: &AtomicUsize,
    state: &State,
    service: &mut Fields<'_>,
    before: Option<Seen<'_>>,
) -> Result<(), Lack> {
    let mut addresses = service.seen().cluster_ips();
    if addresses.first().is_some_and(|first| first == NONE) {
        return Ok(());
    }
    let families = service.seen().families();
    let own = before.map(|before| before.cluster_ips()).unwrap_or_default();
    let mut used = None;
    for (position, family) in families.iter().enumerate() {
        let Some(range) = config.service_ranges.iter().find(|range| IpFamily::of(&range.addr()).to_string() == *family)
        else {
            continue;
        };
        match addresses.get(position) {
            Some(address) if own.contains(address) => {}
            wanted => {
                let used = used.get_or_insert_with(|| taken(state, service.seen()));
                let address = match wanted {
                    Some(wanted) => named(wanted, range, used, &service.seen().cluster_ips())?,
                    None => free(range, used, cursor)?,
                };
                used.insert(address);
                if position < addresses.len() {
                    addresses[position] = address.to_string();
                } else {
                    addresses.push(address.to_string());
                }
            }
        }
    }
    service.set_cluster_ips(&addresses);
    Ok(())
}

fn taken(state: &State, service: Seen<'_>) -> BTreeSet<IpAddr> {
    let is_own = |other: &&std::sync::Arc<serde_json::Value>| {
        name(other) == name(service.0) && namespace(other) == namespace(service.0)
    };
    let others = state.all(resource::SERVICES, None).filter(|other| !is_own(other));
    others.flat_map(|other| Seen(other).cluster_ips()).filter_map(|address| parse_ip(&address).ok()).collect()
}

fn named(wanted: &str, range: &IpNet, used: &BTreeSet<IpAddr>, all: &[String]) -> Result<IpAddr, Lack> {
    let refused = |why: &str| {
        let why = format!("failed to allocate IP {wanted}: {why}");
        Lack::Asked(Cause::invalid("spec.clusterIPs", &json!(all), &why))
    };
    let address = parse_ip(wanted).map_err(|error| refused(&error.to_string()))?;
    if !range.contains(&address) {
        return Err(refused(&format!("the provided network does not match the current range: {range}")));
    }
    if used.contains(&address) {
        return Err(refused("provided IP is already allocated"));
    }
    Ok(address)
}

/// Takes the next free address of a range, but its first: that is the range's own.
fn free(range: &IpNet, used: &BTreeSet<IpAddr>, cursor: &AtomicUsize) -> Result<IpAddr, Lack> {
    let bits = u32::from(range.max_prefix_len() - range.prefix_len());
    // Neither the first address nor, for IPv4, the last one is given.
    let size = 1_u128.checked_shl(bits).unwrap_or(u128::MAX).min(SPAN).saturating_sub(2);
    let start = cursor.fetch_add(1, Ordering::Relaxed) as u128;
    let addresses = (0..size).map(|step| at(range, 1 + (start + step) % size));
    let found = addresses.into_iter().find(|address| !used.contains(address));
    found.ok_or_else(|| Lack::Empty("failed to allocate a serviceIP: range is full".to_owned()))
}

fn at(range: &IpNet, offset: u128) -> IpAddr {
    match range.network() {
        IpAddr::V4(base) => {
            let offset = u32::try_from(offset).unwrap_or_default();
            IpAddr::V4(Ipv4Addr::from_bits(base.to_bits().saturating_add(offset)))
        }
        IpAddr::V6(base) => IpAddr::V6(Ipv6Addr::from_bits(base.to_bits().saturating_add(offset))),
    }
}
