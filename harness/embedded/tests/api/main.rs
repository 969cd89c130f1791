//! The API as its clients see it: kube, which the driver uses, and kubectl where there is one.

mod allocation;
mod controllers;
mod kubectl;
mod objects;
mod puppet;
mod streams;
mod watches;
mod writes;

use std::error::Error;

type Outcome = Result<(), Box<dyn Error>>;

/// Makes kube's client for a cluster.
async fn client(puppet: &puppet::Puppet) -> Result<kube::Client, Box<dyn Error>> {
    // A provider that another test of this process has chosen is as good.
    drop(rustls::crypto::ring::default_provider().install_default());
    let text = dualproof_embedded::api::kubeconfig("puppet", puppet.address);
    let config: kube::config::Kubeconfig = serde_json::from_str(&text)?;
    let config = kube::Config::from_custom_kubeconfig(config, &kube::config::KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}

/// The ranges of a cluster with both families, IPv4 first.
const DUAL: [&str; 2] = ["10.96.0.0/16", "fd00:10:96::/112"];

/// A Deployment of `echo` and its Service.
fn echo(replicas: i32) -> (serde_json::Value, serde_json::Value) {
    let deployment = serde_json::json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "echo" },
        "spec": {
            "replicas": replicas, "selector": { "matchLabels": { "app": "echo" } },
            "template": {
                "metadata": { "labels": { "app": "echo" } },
                "spec": { "containers": [
                    { "name": "echo", "image": "echo:1", "ports": [{ "name": "http", "containerPort": 8080 }] }] },
            },
        },
    });
    let service = serde_json::json!({
        "apiVersion": "v1", "kind": "Service", "metadata": { "name": "echo" },
        "spec": {
            "ipFamilyPolicy": "PreferDualStack", "selector": { "app": "echo" },
            "ports": [{ "name": "http", "port": 80, "targetPort": "http" }],
        },
    });
    (deployment, service)
}
