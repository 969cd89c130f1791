//! Makes a recording of `tests/recorded` out of dumps: `cargo run -p dualproof-shapes --example record -- FROM TO`.
//!
//! FROM holds `objects/*.json` (lists of Services, EndpointSlices, pods, PeerAuthentications as kubectl prints them) and
//! `proxies/NAMESPACE/POD.json` (`pilot-agent request GET 'config_dump?include_eds'`). Secrets and what nobody compares are left out.
#![expect(clippy::print_stderr, reason = "an example speaks for itself")]
#![expect(clippy::disallowed_methods, reason = "it reads and writes files")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

#[path = "../tests/comparing/fold.rs"]
mod fold;
#[path = "../tests/comparing/recording.rs"]
#[expect(dead_code, reason = "only the tests read recordings")]
mod recording;

/// What the API server and the kubelet note for themselves, and what may hold anything.
const NOISE: [&str; 19] = [
    "annotations",
    "env",
    "envFrom",
    "volumeMounts",
    "volumes",
    "readinessProbe",
    "startupProbe",
    "livenessProbe",
    "lifecycle",
    "tolerations",
    "securityContext",
    "resources",
    "args",
    "command",
    "containerStatuses",
    "initContainerStatuses",
    "managedFields",
    "uid",
    "resourceVersion",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, from, to] = arguments.as_slice() else {
        eprintln!("usage: record FROM TO");
        return ExitCode::from(2);
    };
    match record(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn record(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    let mut objects = Map::new();
    for kind in ["services", "endpointslices", "pods", "peerauthentications"] {
        let bytes = std::fs::read(from.join("objects").join(format!("{kind}.json")))?;
        let mut list: Value = serde_json::from_slice(&bytes)?;
        clean(&mut list);
        objects.insert(kind.to_owned(), list["items"].take());
    }
    let mut proxies = Map::new();
    let mut namespaces: Vec<_> = std::fs::read_dir(from.join("proxies"))?.collect::<Result<_, _>>()?;
    namespaces.sort_by_key(std::fs::DirEntry::path);
    for namespace in namespaces {
        for file in std::fs::read_dir(namespace.path())? {
            let path = file?.path();
            let dump: Value = serde_json::from_slice(&std::fs::read(&path)?)?;
            let mut parts = json!(recording::parts(&dump).kinds);
            if let Some(Value::Object(node)) = parts.pointer_mut("/bootstrap/bootstrap/node") {
                node.retain(|key, _| !["extensions", "user_agent_build_version"].contains(&key.as_str()));
            }
            if let Some(Value::Object(metadata)) = parts.pointer_mut("/bootstrap/bootstrap/node/metadata") {
                metadata.remove("ANNOTATIONS");
            }
            let pod = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            proxies.insert(format!("{}/{pod}", namespace.file_name().to_string_lossy()), parts);
        }
    }
    std::fs::create_dir_all(to)?;
    std::fs::write(to.join("objects.json"), fold::fold(&Value::Object(objects)).to_string())?;
    std::fs::write(to.join("proxies.json"), fold::fold(&json!(proxies)).to_string())?;
    Ok(())
}

fn clean(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !NOISE.contains(&key.as_str()));
            map.values_mut().for_each(clean);
        }
        Value::Array(list) => list.iter_mut().for_each(clean),
        _ => {}
    }
}
