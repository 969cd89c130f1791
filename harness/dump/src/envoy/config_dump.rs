//! `/config_dump?include_eds`.

use dualproof_model::evidence::{Cluster, ClusterEndpoints, Direction, LbEndpoint, Listener, Origin, Rejection};

use super::sections::{Dump, Kind, Section};
use super::{address, wire};
use crate::place::Entry;
use crate::{DumpError, json};

pub(super) const EXPECTED: &str = "Envoy's /config_dump";

/// What a proxy was told, and what it refused.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigDump {
    /// Static and dynamic listeners: those that serve, those that are warming, and those that were refused. A refused update of a
    /// listener appears twice, as in the dump: on the listener that still serves, and as an entry without a name.
    pub listeners: Vec<Listener>,
    /// Static and dynamic clusters: those that serve and those that are warming.
    pub clusters: Vec<Cluster>,
    /// Endpoints of all clusters but `inbound|…`, whose hosts only show traffic that passed lately.
    pub endpoints: Vec<ClusterEndpoints>,
    /// Every refusal, each once.
    pub rejections: Vec<Rejection>,
}

/// Parses the dump, in the admin API's spelling or that of `istioctl proxy-config all -o json`.
///
/// Sections are found by `@type`. What is draining is left out: it stands beside the active state for 45 seconds and serves no new
/// connection. `place` is the path inside the bundle.
///
/// # Errors
/// For empty, foreign and truncated input; [`DumpError::Envoy`] where Envoy answered with an error in its place;
/// [`DumpError::Absent`] where the section of listeners, clusters or endpoints is missing (a mask, or no `include_eds`); for addresses
/// and ports that are none. Unknown sections and fields are no error, and neither is a section without entries.
pub fn config_dump(bytes: &[u8], place: &str) -> Result<ConfigDump, DumpError> {
    if let Some(message) = envoy_error(bytes) {
        return Err(DumpError::Envoy { place: place.to_owned(), message });
    }
    let dump: Dump<'_> = json::object(bytes, place, EXPECTED)?;
    let Some(sections) = dump.configs else { return Err(json::foreign(bytes, place, EXPECTED)) };
    let mut all = ConfigDump::default();
    let mut seen = Vec::new();
    for (index, section) in sections.iter().enumerate() {
        let Some(kind) = section.kind() else { continue };
        seen.push(kind);
        let at = |list, entry| Entry { place, section: Some(index), list, index: entry };
        match kind {
            Kind::Listeners => listeners(section, &at, &mut all)?,
            Kind::Clusters => clusters(section, &at, &mut all)?,
            Kind::Endpoints => endpoints(section, &at, &mut all)?,
            Kind::Routes => routes(section, &at, &mut all),
        }
    }
    for (kind, name) in [
        (Kind::Listeners, "ListenersConfigDump"),
        (Kind::Clusters, "ClustersConfigDump"),
        (Kind::Endpoints, "EndpointsConfigDump"),
    ] {
        if !seen.contains(&kind) {
            return Err(DumpError::Absent { place: place.to_owned(), field: name.to_owned(), expected: EXPECTED });
        }
    }
    Ok(all)
}

/// Envoy's admin answers 200 with this text where it cannot print its own configuration
/// (envoyproxy/envoy:source/common/protobuf/utility.cc `getJsonStringFromMessageOrError`).
pub(super) fn envoy_error(bytes: &[u8]) -> Option<String> {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"Failed to convert protobuf message to JSON string").then(|| {
        let text = String::from_utf8_lossy(start.get(..start.len().min(2000)).unwrap_or_default());
        text.lines().next().unwrap_or_default().chars().take(300).collect()
    })
}

/// Makes the place of an entry from its list and its position.
type At<'a> = dyn Fn(&'static str, usize) -> Entry<'a> + 'a;

fn listeners(section: &Section<'_>, at: &At<'_>, all: &mut ConfigDump) -> Result<(), DumpError> {
    for (index, state) in section.static_listeners.iter().enumerate() {
        let entry = at("static_listeners", index);
        let Some(found) = &state.listener else { return Err(entry.absent("listener", EXPECTED)) };
        all.listeners.push(Listener { origin: Origin::Static, ..listener(&entry, "listener.", found)? });
    }
    for (index, dynamic) in section.dynamic_listeners.iter().enumerate() {
        let entry = at("dynamic_listeners", index);
        let error = dynamic.error_state.as_ref().map(|failure| failure.details.clone().into_owned());
        for (state, field, active) in [
            (&dynamic.active_state, "active_state.listener.", true),
            (&dynamic.warming_state, "warming_state.listener.", false),
        ] {
            let Some(state) = state else { continue };
            let Some(found) = &state.listener else {
                return Err(entry.absent(field.trim_end_matches('.'), EXPECTED));
            };
            all.listeners.push(Listener { active, error: error.clone(), ..listener(&entry, field, found)? });
        }
        let Some(failure) = &dynamic.error_state else { continue };
        if dynamic.active_state.is_none() && dynamic.warming_state.is_none() {
            all.listeners.push(Listener {
                name: dynamic.name.clone().into_owned(),
                error,
                place: entry.pointer(),
                ..Listener::default()
            });
        }
        reject(all, "listener", &dynamic.name, failure, &entry);
    }
    Ok(())
}

/// Converts a listener that serves; `field` ends with a dot or is empty.
pub(super) fn listener(entry: &Entry<'_>, field: &str, found: &wire::Listener<'_>) -> Result<Listener, DumpError> {
    let direction = match found.traffic_direction.as_ref() {
        "" | "UNSPECIFIED" => None,
        "INBOUND" => Some(Direction::Inbound),
        "OUTBOUND" => Some(Direction::Outbound),
        other => {
            let field = format!("{field}traffic_direction");
            return Err(entry.value(&field, other, "INBOUND, OUTBOUND or UNSPECIFIED"));
        }
    };
    Ok(Listener {
        name: found.name.clone().into_owned(),
        origin: Origin::Dynamic,
        direction,
        addresses: address::all(
            entry,
            found.address.as_ref(),
            || format!("{field}address"),
            found.additional_addresses.iter().map(|wrapped| &wrapped.address),
            |index| format!("{field}additional_addresses[{index}].address"),
        )?,
        active: true,
        error: None,
        place: entry.pointer(),
    })
}

fn clusters(section: &Section<'_>, at: &At<'_>, all: &mut ConfigDump) -> Result<(), DumpError> {
    for (list, states, active) in [
        ("static_clusters", &section.static_clusters, true),
        ("dynamic_active_clusters", &section.dynamic_active_clusters, true),
        ("dynamic_warming_clusters", &section.dynamic_warming_clusters, false),
    ] {
        for (index, state) in states.iter().enumerate() {
            let entry = at(list, index);
            let name = state.cluster.as_ref().map_or("", |cluster| &cluster.name);
            if let Some(failure) = &state.error_state {
                reject(all, "cluster", name, failure, &entry);
            }
            match &state.cluster {
                Some(found) => all.clusters.push(Cluster { active, ..cluster(&entry, "cluster.", found)? }),
                None if state.error_state.is_some() => {}
                None => return Err(entry.absent("cluster", EXPECTED)),
            }
        }
    }
    Ok(())
}

/// Converts a cluster that serves; `field` ends with a dot or is empty.
pub(super) fn cluster(entry: &Entry<'_>, field: &str, found: &wire::Cluster<'_>) -> Result<Cluster, DumpError> {
    let bind = &found.upstream_bind_config;
    let mut bind_sources = Vec::new();
    if let Some(source) = &bind.source_address {
        bind_sources.push(entry.ip(|| format!("{field}upstream_bind_config.source_address.address"), &source.address)?);
    }
    for (index, extra) in bind.extra_source_addresses.iter().enumerate() {
        let field = || format!("{field}upstream_bind_config.extra_source_addresses[{index}].address.address");
        bind_sources.push(entry.ip(field, &extra.address.address)?);
    }
    let or = |value: &str, default: &str| if value.is_empty() { default.to_owned() } else { value.to_owned() };
    Ok(Cluster {
        name: found.name.clone().into_owned(),
        // `type` and `cluster_type` exclude each other.
        kind: or(&found.kind, &or(&found.cluster_type.name, "STATIC")),
        bind_sources,
        dns_lookup_family: or(&found.dns_lookup_family, "AUTO"),
        active: true,
        place: entry.pointer(),
    })
}

fn endpoints(section: &Section<'_>, at: &At<'_>, all: &mut ConfigDump) -> Result<(), DumpError> {
    for (list, configs) in [
        ("static_endpoint_configs", &section.static_endpoint_configs),
        ("dynamic_endpoint_configs", &section.dynamic_endpoint_configs),
    ] {
        for (index, config) in configs.iter().enumerate() {
            let entry = at(list, index);
            let Some(found) = &config.endpoint_config else {
                return Err(entry.absent("endpoint_config", EXPECTED));
            };
            if !found.cluster_name.starts_with("inbound|") {
                all.endpoints.push(load_assignment(&entry, "endpoint_config.", found)?);
            }
        }
    }
    Ok(())
}

/// Converts the endpoints of a cluster; `field` ends with a dot or is empty.
pub(super) fn load_assignment(
    entry: &Entry<'_>,
    field: &str,
    found: &wire::LoadAssignment<'_>,
) -> Result<ClusterEndpoints, DumpError> {
    let mut endpoints = Vec::new();
    for (locality_index, locality) in found.endpoints.iter().enumerate() {
        for (index, host) in locality.lb_endpoints.iter().enumerate() {
            let field = |tail| format!("{field}endpoints[{locality_index}].lb_endpoints[{index}].endpoint.{tail}");
            let primary = host.endpoint.address.socket_address.as_ref();
            let addresses = address::all(
                entry,
                Some(&host.endpoint.address),
                || field("address"),
                host.endpoint.additional_addresses.iter().map(|wrapped| &wrapped.address),
                |index| format!("{}[{index}].address", field("additional_addresses")),
            )?;
            endpoints.push(LbEndpoint {
                addresses: if primary.is_some() { without_repeats_of_first(addresses) } else { addresses },
                health: if host.health_status.is_empty() {
                    "UNKNOWN".to_owned()
                } else {
                    host.health_status.clone().into_owned()
                },
            });
        }
    }
    Ok(ClusterEndpoints { cluster: found.cluster_name.clone().into_owned(), endpoints, place: entry.pointer() })
}

/// Envoy builds between 1.31-dev and the fix of envoyproxy/envoy#35100 print the primary among the additional addresses.
fn without_repeats_of_first<T: PartialEq + Copy>(mut addresses: Vec<T>) -> Vec<T> {
    if let Some(first) = addresses.first().copied() {
        let mut is_first = true;
        addresses.retain(|address| std::mem::take(&mut is_first) || *address != first);
    }
    addresses
}

fn routes(section: &Section<'_>, at: &At<'_>, all: &mut ConfigDump) {
    for (index, state) in section.dynamic_route_configs.iter().enumerate() {
        if let Some(failure) = &state.error_state {
            reject(all, "route", &state.route_config.name, failure, &at("dynamic_route_configs", index));
        }
    }
}

/// Notes a refusal unless it is there already: a refused listener stands in the dump twice.
fn reject(all: &mut ConfigDump, kind: &str, name: &str, failure: &wire::UpdateFailure<'_>, entry: &Entry<'_>) {
    let name = if name.is_empty() { &failure.failed_configuration.name } else { name };
    let known = |other: &Rejection| other.kind == kind && other.name == name && other.details == failure.details;
    if !all.rejections.iter().any(known) {
        all.rejections.push(Rejection {
            kind: kind.to_owned(),
            name: name.to_owned(),
            details: failure.details.clone().into_owned(),
            place: entry.pointer(),
        });
    }
}
