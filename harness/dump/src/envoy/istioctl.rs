//! What `istioctl proxy-config … -o json` prints: plain arrays of the same messages, in camelCase.
//!
//! An array has no `@type`, so each entry must have the fields that only its message has; else a file of clusters would pass as
//! listeners without addresses. An empty array is no error: istioctl prints it where its filters match nothing.

use dualproof_model::evidence::{Cluster, ClusterEndpoints, HostStatus, Listener};

use super::{admin, config_dump, wire};
use crate::place::Entry;
use crate::{DumpError, json};

/// Parses `istioctl proxy-config listeners -o json`. All entries come back as dynamic and active: the output does not say.
///
/// # Errors
/// For empty, foreign and truncated input and for addresses that are none.
pub fn istioctl_listeners(bytes: &[u8], place: &str) -> Result<Vec<Listener>, DumpError> {
    const EXPECTED: &str = "the array of `istioctl proxy-config listeners -o json`";
    let all: Vec<wire::Listener<'_>> = json::array(bytes, place, EXPECTED)?;
    let convert = |(index, found): (usize, &wire::Listener<'_>)| {
        let entry = Entry::of(place, "", index);
        if found.address.is_none() && found.internal_listener.is_none() && found.api_listener.is_none() {
            return Err(entry.absent("address", EXPECTED));
        }
        config_dump::listener(&entry, "", found)
    };
    all.iter().enumerate().map(convert).collect()
}

/// Parses `istioctl proxy-config clusters -o json`. All entries come back as active: the output does not say.
///
/// # Errors
/// For empty, foreign and truncated input and for addresses that are none.
pub fn istioctl_clusters(bytes: &[u8], place: &str) -> Result<Vec<Cluster>, DumpError> {
    const EXPECTED: &str = "the array of `istioctl proxy-config clusters -o json`";
    let all: Vec<wire::Cluster<'_>> = json::array(bytes, place, EXPECTED)?;
    let convert = |(index, found): (usize, &wire::Cluster<'_>)| {
        let entry = Entry::of(place, "", index);
        if found.kind.is_empty() && found.cluster_type.name.is_empty() && found.connect_timeout.is_none() {
            return Err(entry.absent("type", EXPECTED));
        }
        config_dump::cluster(&entry, "", found)
    };
    all.iter().enumerate().map(convert).collect()
}

/// Parses `istioctl proxy-config endpoints -o json`, which comes from Envoy's `/clusters`: primary addresses only.
///
/// # Errors
/// For empty, foreign and truncated input and for addresses that are none.
pub fn istioctl_endpoints(bytes: &[u8], place: &str) -> Result<Vec<HostStatus>, DumpError> {
    const EXPECTED: &str = "the array of `istioctl proxy-config endpoints -o json`";
    let all: Vec<wire::ClusterStatus<'_>> = json::array(bytes, place, EXPECTED)?;
    let mut hosts = Vec::new();
    for (index, cluster) in all.iter().enumerate() {
        let entry = Entry::of(place, "", index);
        if cluster.host_statuses.is_empty() && cluster.observability_name.is_none() {
            return Err(entry.absent("hostStatuses", EXPECTED));
        }
        admin::hosts_of(&entry, cluster, &mut hosts)?;
    }
    Ok(hosts)
}

/// Parses `istioctl proxy-config eds -o json`: load assignments with additional addresses. `inbound|…` is left out.
///
/// # Errors
/// For empty, foreign and truncated input and for addresses that are none.
pub fn istioctl_eds(bytes: &[u8], place: &str) -> Result<Vec<ClusterEndpoints>, DumpError> {
    const EXPECTED: &str = "the array of `istioctl proxy-config eds -o json`";
    let all: Vec<wire::LoadAssignment<'_>> = json::array(bytes, place, EXPECTED)?;
    let mut endpoints = Vec::new();
    for (index, found) in all.iter().enumerate() {
        let entry = Entry::of(place, "", index);
        if found.cluster_name.is_empty() {
            return Err(entry.absent("clusterName", EXPECTED));
        }
        if !found.cluster_name.starts_with("inbound|") {
            endpoints.push(config_dump::load_assignment(&entry, "", found)?);
        }
    }
    Ok(endpoints)
}
