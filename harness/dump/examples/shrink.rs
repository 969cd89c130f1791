//! Makes a small sample out of a run's bundle: `cargo run -p dualproof-dump --example shrink -- FROM TO`.
//!
//! What no check reads and what names a machine is left out of the JSON; the manifest says so under `redacted`.
#![expect(clippy::print_stderr, reason = "an example speaks for itself")]
#![expect(clippy::disallowed_methods, reason = "it reads the files of a bundle")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use dualproof_dump::bundle::{self, Writer};
use serde_json::Value;

/// Keys that are left out wherever they stand: transport and HTTP details of Envoy, and what the API server and the kubelet
/// note for themselves.
const NOISE: [&str; 34] = [
    "transport_socket",
    "transport_socket_matches",
    "http_filters",
    "access_log",
    "virtual_hosts",
    "circuit_breakers",
    "typed_extension_protocol_options",
    "common_lb_config",
    "load_assignment",
    "last_updated",
    "filter_chains",
    "listener_filters",
    "default_filter_chain",
    "observability_name",
    "managedFields",
    "ownerReferences",
    "env",
    "volumeMounts",
    "volumes",
    "readinessProbe",
    "startupProbe",
    "livenessProbe",
    "lifecycle",
    "tolerations",
    "securityContext",
    "resources",
    "allocatedResources",
    "images",
    "nodeInfo",
    "imageID",
    "containerID",
    "command_line_options",
    "hot_restart_version",
    "lastState",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, from, to] = arguments.as_slice() else {
        eprintln!("usage: shrink FROM TO");
        return ExitCode::from(2);
    };
    match shrink(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn shrink(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let manifest = bundle::read(from)?.evidence.manifest;
    let writer = Writer::create(to)?;
    for path in manifest.files.keys() {
        let bytes = std::fs::read(from.join(path))?;
        if path.ends_with(".json") {
            let mut value: Value = serde_json::from_slice(&bytes)?;
            clean(path, &mut value);
            writer.add(path, serde_json::to_vec(&value)?)?;
        } else {
            writer.add(path, bytes)?;
        }
    }
    writer.redacted(
        "Envoy's bootstrap, filters, sockets and virtual hosts; managed fields, environment and mounts",
        "this is a sample",
    );
    writer.save(manifest)?;
    Ok(())
}

fn clean(path: &str, value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !NOISE.contains(&key.as_str()));
            if path.ends_with("server_info.json")
                && let Some(Value::Object(metadata)) = map.get_mut("metadata")
            {
                metadata
                    .retain(|key, _| ["INSTANCE_IPS", "ISTIO_VERSION", "NAME", "NAMESPACE"].contains(&key.as_str()));
            }
            if path.ends_with("config_dump.json") {
                map.remove("metadata");
            }
            if let Some(Value::Object(annotations)) = map.get_mut("annotations") {
                annotations.retain(|key, _| !key.starts_with("sidecar.istio.io/status"));
            }
            // Node conditions name the machine; a pod's say whether it is Ready.
            if path == "objects/nodes.json" {
                map.remove("conditions");
            }
            map.values_mut().for_each(|inner| clean(path, inner));
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| clean(path, inner)),
        _ => {}
    }
}
