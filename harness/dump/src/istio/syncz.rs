//! istiod's `/debug/syncz`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dualproof_model::evidence::{ProxySync, SyncState, TypeSync};
use serde::Deserialize;

use crate::json::or_default;
use crate::place::Entry;
use crate::{DumpError, json};

/// `SyncStatus` (istio/istio:pilot/pkg/xds/debug.go).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    proxy: Cow<'a, str>,
    #[serde(borrow)]
    istio_version: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "or_default")]
    resources: BTreeMap<Cow<'a, str>, Resource<'a>>,
    #[serde(borrow)]
    cluster_sent: Cow<'a, str>,
    #[serde(borrow)]
    cluster_acked: Cow<'a, str>,
    #[serde(borrow)]
    listener_sent: Cow<'a, str>,
    #[serde(borrow)]
    listener_acked: Cow<'a, str>,
    #[serde(borrow)]
    route_sent: Cow<'a, str>,
    #[serde(borrow)]
    route_acked: Cow<'a, str>,
    #[serde(borrow)]
    endpoint_sent: Cow<'a, str>,
    #[serde(borrow)]
    endpoint_acked: Cow<'a, str>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Resource<'a> {
    #[serde(borrow)]
    sent: Cow<'a, str>,
    #[serde(borrow)]
    acked: Cow<'a, str>,
    #[serde(borrow)]
    last_error: Cow<'a, str>,
}

/// Parses the sync state. Types are named by the last part of their URL; istiods that do not list `resources` yet give the same four names from
/// their `*_sent` and `*_acked` fields. A client to which nothing was sent is left out: istioctl itself appears so, as `test-1.default`.
///
/// # Errors
/// For empty, foreign and truncated input and for an entry without a proxy's name. An array without entries is no error: no proxy is connected.
pub fn syncz(bytes: &[u8], place: &str) -> Result<SyncState, DumpError> {
    const EXPECTED: &str = "istiod's /debug/syncz";
    let all: Vec<Status<'_>> = json::array(bytes, place, EXPECTED)?;
    let mut proxies = Vec::new();
    for (index, status) in all.into_iter().enumerate() {
        let entry = Entry::of(place, "", index);
        if status.proxy.is_empty() {
            return Err(entry.absent("proxy", EXPECTED));
        }
        let types = types(&status);
        if types.is_empty() {
            continue;
        }
        proxies.push(ProxySync {
            proxy: status.proxy.into_owned(),
            version: status.istio_version.into_owned(),
            types,
            place: entry.pointer(),
        });
    }
    Ok(SyncState { proxies })
}

fn types(status: &Status<'_>) -> BTreeMap<String, TypeSync> {
    let owned = |sent: &str, acked: &str, error: &str| TypeSync {
        sent: sent.to_owned(),
        acked: acked.to_owned(),
        error: error.to_owned(),
    };
    if status.resources.is_empty() {
        return [
            ("Cluster", &status.cluster_sent, &status.cluster_acked),
            ("Listener", &status.listener_sent, &status.listener_acked),
            ("RouteConfiguration", &status.route_sent, &status.route_acked),
            ("ClusterLoadAssignment", &status.endpoint_sent, &status.endpoint_acked),
        ]
        .into_iter()
        .filter(|(_, sent, acked)| !sent.is_empty() || !acked.is_empty())
        .map(|(name, sent, acked)| (name.to_owned(), owned(sent, acked, "")))
        .collect();
    }
    let short = |url: &str| url.rsplit('.').next().unwrap_or(url).to_owned();
    status
        .resources
        .iter()
        .map(|(url, resource)| (short(url), owned(&resource.sent, &resource.acked, &resource.last_error)))
        .collect()
}
