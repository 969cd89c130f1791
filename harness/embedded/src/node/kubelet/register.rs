//! Node objects.

use serde_json::{Value, json};

use crate::node::NodeError;
use crate::node::network::Node;
use crate::store::object::{now, set_metadata};
use crate::store::{Key, Part, Refusal, Store, WriteOptions, resource};

/// The version that nodes tell; that of the API.
const VERSION: &str = "v1.36.0";

/// The most pods of a node: as many as its range has addresses.
const PODS: &str = "253";

const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// Names the nodes of a cluster, as kind does.
pub(super) fn names(cluster: &str, count: u8) -> Vec<String> {
    let worker =
        |number: u8| if number == 1 { format!("{cluster}-worker") } else { format!("{cluster}-worker{number}") };
    std::iter::once(format!("{cluster}-control-plane")).chain((1..count.max(1)).map(worker)).collect()
}

/// Registers a node that is Ready. The control plane takes no other pods where there are workers.
pub(super) fn register(store: &Store, node: &Node, is_control_plane: bool, is_closed: bool) -> Result<(), NodeError> {
    let key = Key::new(resource::NODES, "", node.name());
    let failed = |source| NodeError::Register { object: format!("node {}", node.name()), source };
    let options = WriteOptions::default();
    match store.create(&key, object(node, is_control_plane, is_closed), &options) {
        Ok(_) | Err(Refusal::AlreadyExists { .. }) => {}
        Err(refusal) => return Err(failed(refusal)),
    }
    let told = store.modify(&key, Part::Status, &options, |known| {
        let mut known = known.clone();
        known["status"] = status(node);
        Ok(known)
    });
    told.map(drop).map_err(failed)
}

fn object(node: &Node, is_control_plane: bool, is_closed: bool) -> Value {
    let mut labels = json!({
        "kubernetes.io/hostname": node.name(), "kubernetes.io/os": "linux", "kubernetes.io/arch": architecture(),
        "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": architecture(),
    });
    if is_control_plane {
        labels[CONTROL_PLANE] = "".into();
    }
    let ranges: Vec<String> = node.pod_ranges().iter().map(ToString::to_string).collect();
    let mut spec = json!({
        "podCIDR": ranges.first(), "podCIDRs": ranges, "providerID": format!("dualproof://{}", node.name()),
    });
    if is_closed {
        spec["taints"] = json!([{ "key": CONTROL_PLANE, "effect": "NoSchedule" }]);
    }
    let mut object = json!({ "metadata": { "name": node.name() }, "spec": spec });
    set_metadata(&mut object, "labels", labels);
    object
}

fn status(node: &Node) -> Value {
    let mut addresses: Vec<Value> = node
        .addresses()
        .iter()
        .map(|address| json!({ "type": "InternalIP", "address": address.to_string() }))
        .collect();
    addresses.push(json!({ "type": "Hostname", "address": node.name() }));
    let time = now();
    let conditions = [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ];
    let conditions: Vec<Value> = conditions
        .iter()
        .map(|(kind, status, reason, message)| {
            json!({
                "type": kind, "status": status, "reason": reason, "message": message,
                "lastHeartbeatTime": time, "lastTransitionTime": time,
            })
        })
        .collect();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = std::thread::available_parallelism().map_or(1, usize::from).to_string();
    let room = json!({ "cpu": processors, "pods": PODS });
    json!({
        "addresses": addresses, "conditions": conditions, "capacity": room, "allocatable": room,
        "daemonEndpoints": { "kubeletEndpoint": { "Port": 10250 } },
        "nodeInfo": {
            "architecture": architecture(), "operatingSystem": "linux", "kernelVersion": kernel.trim_end(), "kubeletVersion": VERSION,
            "kubeProxyVersion": VERSION, "containerRuntimeVersion": concat!("dualproof://", env!("CARGO_PKG_VERSION")),
            "osImage": "this machine", "bootID": "", "machineID": "", "systemUUID": "",
        },
    })
}

/// As Go says it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_named_as_kind_names_them() {
        assert_eq!(names("c", 0), ["c-control-plane"]);
        assert_eq!(names("c", 3), ["c-control-plane", "c-worker", "c-worker2"]);
    }
}
