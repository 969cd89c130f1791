//! A sidecar as files.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::layout::{Delivery, Layout};
use super::source::{self, Referred};
use super::startup;
use crate::envoy::typed;
use crate::sidecar::Sidecar;

/// The files of one sidecar, by their path below [`Layout::folder`].
///
/// `envoy.json` is the bootstrap, which is read once. Every other file is watched: write it beside its place and rename it over.
/// Write what is referred to first (`sds/`, `eds/`, then `cds.json`, `rds/`, then `lds.json`).
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// Path and content.
    pub files: BTreeMap<String, Value>,
}

impl Files {
    /// Renders a sidecar, whose parts become the files'. `version` is what Envoy's dumps will show as `version_info`.
    #[must_use]
    pub fn of(sidecar: Sidecar, layout: &Layout, version: &str) -> Self {
        let Sidecar { bootstrap, listeners, clusters, endpoints, routes } = sidecar;
        let referred = Referred { endpoints: &endpoints, routes: &routes };
        let rewritten = |mut parts: Vec<Value>| -> Vec<Value> {
            parts.iter_mut().for_each(|part| source::rewrite(part, referred, layout));
            parts
        };
        let mut files = BTreeMap::from([
            ("envoy.json".to_owned(), startup::bootstrap(bootstrap, layout)),
            ("lds.json".to_owned(), resources(version, rewritten(listeners))),
            ("cds.json".to_owned(), resources(version, rewritten(clusters))),
        ]);
        for (name, secret) in secrets(layout) {
            files.insert(source::file("sds", name), resources(version, vec![secret]));
        }
        if layout.delivery == Delivery::Watched {
            for (kind, parts) in [("eds", endpoints), ("rds", routes)] {
                let file = |(name, part): (String, Value)| (source::file(kind, &name), resources(version, vec![part]));
                files.extend(parts.into_iter().map(file));
            }
        }
        Self { files }
    }
}

/// The two secrets of a workload, under the names that Istio gives them.
fn secrets(layout: &Layout) -> [(&'static str, Value); 2] {
    let file = |path: &str| json!({ "filename": path });
    let paths = &layout.certificates;
    let secret = |name: &str, field: &str, value: Value| {
        typed("envoy.extensions.transport_sockets.tls.v3.Secret", json!({ "name": name, field: value }))
    };
    let own = json!({ "certificate_chain": file(&paths.chain), "private_key": file(&paths.key) });
    [
        ("default", secret("default", "tls_certificate", own)),
        ("ROOTCA", secret("ROOTCA", "validation_context", json!({ "trusted_ca": file(&paths.roots) }))),
    ]
}

fn resources(version: &str, resources: Vec<Value>) -> Value {
    json!({ "version_info": version, "resources": resources })
}
