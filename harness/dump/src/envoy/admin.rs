//! `/listeners`, `/clusters` and `/server_info`.

use std::borrow::Cow;

use dualproof_model::evidence::{HostStatus, ListenerStatus, ProxyInfo};
use dualproof_model::family::parse_ip;
use serde::Deserialize;

use super::{address, wire};
use crate::place::Entry;
use crate::{DumpError, json};

/// Parses `/listeners?format=json`: one entry a listener, static ones and those that bind no port included.
///
/// # Errors
/// For empty, foreign and truncated input and for addresses that are none. Pipes and internal addresses are no error: they are left out.
pub fn listeners(bytes: &[u8], place: &str) -> Result<Vec<ListenerStatus>, DumpError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Listeners<'a> {
        #[serde(borrow, alias = "listenerStatuses")]
        listener_statuses: Option<Vec<wire::ListenerStatus<'a>>>,
    }
    const EXPECTED: &str = "Envoy's /listeners?format=json";
    let all: Listeners<'_> = json::object(bytes, place, EXPECTED)?;
    let Some(all) = all.listener_statuses else { return Err(json::foreign(bytes, place, EXPECTED)) };
    let convert = |(index, status): (usize, &wire::ListenerStatus<'_>)| {
        let entry = Entry::of(place, "listener_statuses", index);
        Ok(ListenerStatus {
            name: status.name.clone().into_owned(),
            addresses: address::all(
                &entry,
                Some(&status.local_address),
                || "local_address".to_owned(),
                status.additional_local_addresses.iter(),
                |index| format!("additional_local_addresses[{index}]"),
            )?,
            place: entry.pointer(),
        })
    };
    all.iter().enumerate().map(convert).collect()
}

/// Parses `/clusters?format=json`: one entry a host, with its primary address, in the order of the dump.
///
/// # Errors
/// For empty, foreign and truncated input and for addresses that are none. Hosts behind pipes and internal addresses are no error: they
/// are left out. Clusters without hosts give no entry.
pub fn clusters(bytes: &[u8], place: &str) -> Result<Vec<HostStatus>, DumpError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Clusters<'a> {
        #[serde(borrow, alias = "clusterStatuses")]
        cluster_statuses: Option<Vec<wire::ClusterStatus<'a>>>,
    }
    const EXPECTED: &str = "Envoy's /clusters?format=json";
    let all: Clusters<'_> = json::object(bytes, place, EXPECTED)?;
    let Some(all) = all.cluster_statuses else { return Err(json::foreign(bytes, place, EXPECTED)) };
    let mut hosts = Vec::new();
    for (index, cluster) in all.iter().enumerate() {
        hosts_of(&Entry::of(place, "cluster_statuses", index), cluster, &mut hosts)?;
    }
    Ok(hosts)
}

/// Adds the hosts of one cluster.
pub(super) fn hosts_of(
    entry: &Entry<'_>,
    cluster: &wire::ClusterStatus<'_>,
    hosts: &mut Vec<HostStatus>,
) -> Result<(), DumpError> {
    for (index, host) in cluster.host_statuses.iter().enumerate() {
        let Some(socket) = &host.address.socket_address else { continue };
        let stat = |name: &str| host.stats.iter().find(|stat| stat.name == name).map_or(0, |stat| stat.value.0);
        hosts.push(HostStatus {
            cluster: cluster.name.clone().into_owned(),
            address: address::one(entry, socket, &|| format!("host_statuses[{index}].address"))?,
            connections: stat("cx_total"),
            requests: stat("rq_total"),
            place: format!("{}/host_statuses/{index}", entry.pointer()),
        });
    }
    Ok(())
}

/// Parses `/server_info`. A state that the dump leaves out is `LIVE`, protobuf's default; an Envoy that was not started by
/// Istio's agent has an empty mesh version and no instance addresses.
///
/// # Errors
/// For empty, foreign and truncated input and for instance addresses that are none.
pub fn server_info(bytes: &[u8], place: &str) -> Result<ProxyInfo, DumpError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct ServerInfo<'a> {
        #[serde(borrow)]
        version: Cow<'a, str>,
        #[serde(borrow)]
        state: Cow<'a, str>,
        #[serde(borrow)]
        node: Node<'a>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Node<'a> {
        #[serde(borrow)]
        metadata: Metadata<'a>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Metadata<'a> {
        #[serde(borrow, rename = "ISTIO_VERSION")]
        istio_version: Cow<'a, str>,
        #[serde(borrow, rename = "INSTANCE_IPS")]
        instance_ips: Cow<'a, str>,
    }
    const EXPECTED: &str = "Envoy's /server_info";
    let info: ServerInfo<'_> = json::object(bytes, place, EXPECTED)?;
    if info.version.is_empty() {
        return Err(json::foreign(bytes, place, EXPECTED));
    }
    let listed = info.node.metadata.instance_ips.split(',').map(str::trim).filter(|text| !text.is_empty());
    let instance_ips = listed
        .map(|text| {
            parse_ip(text).map_err(|source| DumpError::Address {
                place: place.to_owned(),
                field: "node.metadata.INSTANCE_IPS".to_owned(),
                source,
            })
        })
        .collect::<Result<_, _>>()?;
    Ok(ProxyInfo {
        envoy: info.version.into_owned(),
        mesh: info.node.metadata.istio_version.into_owned(),
        state: if info.state.is_empty() { "LIVE".to_owned() } else { info.state.into_owned() },
        instance_ips,
    })
}
