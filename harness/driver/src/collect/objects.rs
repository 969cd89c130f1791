//! Reads the objects that families are lost in.

use dualproof_dump::bundle::{Writer, layout};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::trouble::chain;

/// Collections of a namespace: API root, resource, kind of the list, file. Never Secrets.
const NAMESPACED: [(&str, &str, &str, &str); 4] = [
    ("/api/v1", "services", "ServiceList", layout::SERVICES),
    ("/apis/discovery.k8s.io/v1", "endpointslices", "EndpointSliceList", layout::ENDPOINT_SLICES),
    ("/api/v1", "pods", "PodList", layout::PODS),
    ("/apis/apps/v1", "deployments", "DeploymentList", layout::DEPLOYMENTS),
];

/// Writes nodes, the given namespaces, and their Services, EndpointSlices, pods and Deployments.
///
/// Every object is byte for byte what the API server sent; the lists of several namespaces are joined into one. A file that
/// cannot be had whole is noted as missing with the reason, and the others are written all the same.
pub async fn objects(context: &RunContext, cluster: &Cluster, namespaces: &[impl AsRef<str> + Sync], writer: &Writer) {
    let nodes = async {
        match api::list_json(context, &cluster.client, "/api/v1/nodes").await {
            Ok(bytes) => add(writer, layout::NODES, &bytes),
            Err(error) => writer.missing(layout::NODES, chain(&error)),
        }
    };
    let spaces = async {
        let paths = namespaces.iter().map(|namespace| format!("/api/v1/namespaces/{}", namespace.as_ref()));
        let read = try_join_all(paths.map(async |path| object(context, cluster, &path).await.map(|one| vec![one])));
        store(writer, layout::NAMESPACES, "v1", "NamespaceList", read.await);
    };
    let lists = futures_util::future::join_all(NAMESPACED.map(async |(root, resource, kind, file)| {
        let paths = namespaces.iter().map(|namespace| format!("{root}/namespaces/{}/{resource}", namespace.as_ref()));
        let read = try_join_all(paths.map(async |path| items(context, cluster, &path).await)).await;
        let version = root.trim_start_matches("/apis/").trim_start_matches("/api/");
        store(writer, file, version, kind, read);
    }));
    futures_util::join!(nodes, spaces, lists);
}

#[derive(Deserialize)]
struct List {
    items: Vec<Box<RawValue>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Joined<'a> {
    kind: &'a str,
    api_version: &'a str,
    items: Vec<Box<RawValue>>,
}

async fn object(context: &RunContext, cluster: &Cluster, path: &str) -> Result<Box<RawValue>, String> {
    let bytes = api::list_json(context, &cluster.client, path).await.map_err(|error| chain(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("{path} is no JSON: {error}"))
}

async fn items(context: &RunContext, cluster: &Cluster, path: &str) -> Result<Vec<Box<RawValue>>, String> {
    let bytes = api::list_json(context, &cluster.client, path).await.map_err(|error| chain(&error))?;
    let list: List = serde_json::from_slice(&bytes).map_err(|error| format!("{path} is no list: {error}"))?;
    Ok(list.items)
}

fn store(writer: &Writer, file: &str, api_version: &str, kind: &str, read: Result<Vec<Vec<Box<RawValue>>>, String>) {
    let bytes = read.and_then(|lists| {
        let joined = Joined { kind, api_version, items: lists.into_iter().flatten().collect() };
        serde_json::to_vec(&joined).map_err(|error| error.to_string())
    });
    match bytes {
        Ok(bytes) => add(writer, file, &bytes),
        Err(why) => writer.missing(file, why),
    }
}

fn add(writer: &Writer, path: &str, bytes: &[u8]) {
    if let Err(error) = writer.add_parsed(path, bytes) {
        writer.missing(path, chain(&error));
    }
}
