//! A second look at the pods, when everything else has been read.

use std::collections::BTreeMap;

use dualproof_dump::bundle::{Writer, layout};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::ObjectList;

use crate::api;
use crate::cluster::Cluster;
use crate::context::RunContext;
use crate::diagnostics::pod_ref;
use crate::trouble::chain;

/// Looks whether the pods of these namespaces are still those that [`super::objects`] wrote.
///
/// A pod that goes away while proxies are read is in one's dump and not in another's, and nobody could tell that from a
/// family that a mesh lost. So where a pod went, came, or changed its addresses, the bundle calls the list of pods missing and
/// says which: what needs it has no evidence then. The same where the second look fails. Without a first list nothing is done.
pub async fn unchanged(
    context: &RunContext,
    cluster: &Cluster,
    namespaces: &[impl AsRef<str> + Sync],
    writer: &Writer,
) {
    let Ok(bytes) = std::fs::read(writer.dir().join(layout::PODS)) else { return };
    let before = serde_json::from_slice::<ObjectList<Pod>>(&bytes).map(|list| known(list.items));
    let Ok(before) = before else { return };
    let mut now = BTreeMap::new();
    for namespace in namespaces {
        match api::list::<Pod>(context, &cluster.client, Some(namespace.as_ref())).await {
            Ok(pods) => now.extend(known(pods)),
            Err(error) => {
                let why =
                    format!("whether the pods stayed the same while they were read is not known: {}", chain(&error));
                return writer.missing(layout::PODS, why);
            }
        }
    }
    let changes = changes(&before, &now);
    if !changes.is_empty() {
        writer.missing(layout::PODS, format!("the pods changed while they were read: {}", changes.join("; ")));
    }
}

/// What makes a pod another one: it was made anew, is going away, or has other addresses.
#[derive(PartialEq)]
struct Identity {
    uid: Option<String>,
    leaves: bool,
    addresses: Vec<String>,
}

fn known(pods: Vec<Pod>) -> BTreeMap<String, Identity> {
    let identity = |pod: Pod| {
        let ips = pod.status.as_ref().and_then(|status| status.pod_ips.as_ref());
        let addresses = ips.into_iter().flatten().map(|address| address.ip.clone()).collect();
        let leaves = pod.metadata.deletion_timestamp.is_some();
        (pod_ref(&pod).to_string(), Identity { uid: pod.uid(), leaves, addresses })
    };
    pods.into_iter().map(identity).collect()
}

fn changes(before: &BTreeMap<String, Identity>, now: &BTreeMap<String, Identity>) -> Vec<String> {
    let gone = before.iter().filter_map(|(name, was)| match now.get(name) {
        None => Some(format!("{name} is gone")),
        Some(is) if is == was => None,
        Some(is) if is.uid != was.uid => Some(format!("{name} was made anew")),
        Some(is) if is.leaves => Some(format!("{name} is being deleted")),
        Some(is) => Some(format!("{name} had [{}] and has [{}]", was.addresses.join(", "), is.addresses.join(", "))),
    });
    let new = now.keys().filter(|name| !before.contains_key(*name)).map(|name| format!("{name} is new"));
    gone.chain(new).collect()
}
