//! Recordings, out of this crate's tests and out of sample bundles.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use dualproof_model::spec::{VersionProfile, profiles};
use dualproof_shapes::world::{Objects, World, items};
use serde_json::Value;

use super::recording::{Parts, from_json, parts};
use super::unfold::unfold;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What was recorded with it.
pub(crate) struct Recording {
    pub(crate) name: String,
    pub(crate) version: &'static str,
    pub(crate) control_plane: bool,
    pub(crate) world: World,
    pub(crate) proxies: BTreeMap<String, Parts>,
    /// Keys that the recording leaves out.
    pub(crate) left_out: &'static [&'static str],
}

/// What `dump`'s example `shrink` leaves out of a sample bundle's `config_dump.json`.
const SHRUNK: &[&str] = &[
    "transport_socket",
    "transport_socket_matches",
    "http_filters",
    "access_log",
    "virtual_hosts",
    "circuit_breakers",
    "typed_extension_protocol_options",
    "common_lb_config",
    "load_assignment",
    "filter_chains",
    "listener_filters",
    "default_filter_chain",
    "metadata",
];

pub(crate) fn folder(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

fn json(path: &Path) -> Outcome<Value> {
    let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(serde_json::from_slice(&bytes)?)
}

fn whole(name: &str, version: &'static str, control_plane: bool) -> Outcome<Recording> {
    let folder = folder("tests/recorded").join(name);
    let objects = unfold(&json(&folder.join("objects.json"))?).ok_or("a reference leads nowhere")?;
    let proxies = unfold(&json(&folder.join("proxies.json"))?).ok_or("a reference leads nowhere")?;
    let world = World::read(&Objects {
        services: items(&objects["services"], "services")?,
        endpoint_slices: items(&objects["endpointslices"], "endpointslices")?,
        pods: items(&objects["pods"], "pods")?,
        peer_authentications: items(&objects["peerauthentications"], "peerauthentications")?,
        sidecars: &[],
    })?;
    let proxies = proxies.as_object().ok_or("no proxies")?;
    Ok(Recording {
        name: name.to_owned(),
        version,
        control_plane,
        world,
        proxies: proxies.iter().map(|(pod, parts)| (pod.clone(), from_json(parts))).collect(),
        left_out: &[],
    })
}

fn bundle(name: &str, version: &'static str) -> Outcome<Recording> {
    let folder = folder("../../samples/bundles").join(name);
    let list = |kind: &str| json(&folder.join("objects").join(format!("{kind}.json")));
    let (services, slices, pods) = (list("services")?, list("endpointslices")?, list("pods")?);
    let world = World::read(&Objects {
        services: items(&services, "services")?,
        endpoint_slices: items(&slices, "endpointslices")?,
        pods: items(&pods, "pods")?,
        ..Objects::default()
    })?;
    let mut proxies = BTreeMap::new();
    for namespace in std::fs::read_dir(folder.join("proxies"))? {
        let namespace = namespace?;
        for pod in std::fs::read_dir(namespace.path())? {
            let pod = pod?;
            let dump = json(&pod.path().join("config_dump.json"))?;
            let id = format!("{}/{}", namespace.file_name().to_string_lossy(), pod.file_name().to_string_lossy());
            proxies.insert(id, parts(&dump));
        }
    }
    Ok(Recording { name: name.to_owned(), version, control_plane: true, world, proxies, left_out: SHRUNK })
}

pub(crate) fn recordings() -> Outcome<Vec<Recording>> {
    Ok(vec![
        bundle("istio-1.31-v4-v6", "1.31.0-lab")?,
        bundle("istio-1.30-v6-v4", "1.30.4-lab")?,
        bundle("istio-1.31-v6-v4", "1.31.0-lab")?,
        whole("istio-1.31-on", "1.31.0-lab", true)?,
        whole("istio-1.31-off", "1.31.0-lab", false)?,
    ])
}

/// The profiles of the scenarios.
pub(crate) fn version_profiles() -> Outcome<Vec<VersionProfile>> {
    let text = std::fs::read_to_string(folder("../../scenarios/profiles.yaml"))?;
    Ok(profiles("profiles.yaml", &text)?)
}

/// The objects of the recording that has every kind of Service and policy.
pub(crate) fn world() -> Outcome<World> {
    Ok(whole("istio-1.31-on", "1.31.0-lab", true)?.world)
}
