//! How clients find the server.

use std::net::SocketAddr;

/// Writes a kubeconfig with one context, named `name`, for a server that speaks plain HTTP at `address`. JSON, which is YAML.
#[must_use]
pub fn kubeconfig(name: &str, address: SocketAddr) -> String {
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": name,
        "clusters": [{ "name": name, "cluster": { "server": format!("http://{address}") } }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name } }],
        "users": [{ "name": name, "user": {} }],
    });
    format!("{config:#}\n")
}
