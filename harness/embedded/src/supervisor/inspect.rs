//! A page that Kubernetes does not have: what the kernel holds in the network namespaces of pods.
//!
//! `GET /dualproof.dev/netns?pod=NAMESPACE/NAME&pod=…` answers as `harness/driver/src/inspect/node.sh` does on a real node, so that one
//! reader takes both.

use std::fmt::Write;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::get;
use dualproof_netns::Namespace;
use dualproof_netns::inspect::FILES;

use crate::node::Kubelet;
use crate::store::{Key, Store, object, resource};

/// The page's path. A client is told of it, so that it is spelled once.
pub const NETNS_PAGE: &str = "/dualproof.dev/netns";

/// Makes the pages.
pub(super) fn pages(store: &Store, kubelet: &Kubelet) -> Router {
    Router::new().route(NETNS_PAGE, get(netns)).with_state((store.clone(), kubelet.clone()))
}

/// A pod that is not there, or has no namespace yet, has no answers: the reader says so.
async fn netns(State((store, kubelet)): State<(Store, Kubelet)>, RawQuery(query): RawQuery) -> Vec<u8> {
    let query = query.unwrap_or_default();
    let pods: Vec<String> = query
        .split('&')
        .filter_map(|pair| pair.strip_prefix("pod="))
        .map(|pod| percent_encoding::percent_decode_str(pod).decode_utf8_lossy().into_owned())
        .collect();
    let read = tokio::task::spawn_blocking(move || {
        let mut answers = Vec::new();
        for pod in pods {
            let Some((namespace, name)) = pod.split_once('/') else { continue };
            let found = store.get(&Key::new(resource::PODS, namespace, name));
            if let Some(namespace) = found.ok().and_then(|found| kubelet.namespace(object::uid(&found))) {
                answer(&pod, &namespace, &mut answers);
            }
        }
        answers
    });
    read.await.unwrap_or_default()
}

fn answer(pod: &str, namespace: &Namespace, answers: &mut Vec<u8>) {
    for file in FILES {
        let (status, out, err) = match file.read(namespace) {
            Ok(text) => (0, text, String::new()),
            Err(error) => (1, String::new(), error.to_string()),
        };
        let mut head = String::new();
        // A String takes everything.
        let _ = writeln!(head, "dualproof {pod} {} {status} {} {}", file.name(), out.len(), err.len());
        for part in [head, out, err] {
            answers.extend_from_slice(part.as_bytes());
        }
    }
}
