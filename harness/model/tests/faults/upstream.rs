//! Faults of clusters and endpoints.

use dualproof_model::evidence::LbEndpoint;
use dualproof_model::family::{FamilyOrder, IpFamily};

use super::surgery::{no_redirect, own_cluster, own_endpoints, split};
use super::{EVERYONE, Mutant, V4, V6, dual, single};
use crate::lab::{CLIENT, SERVER, ip, proxy, socket};

pub(super) const FAULTS: &[Mutant] = &[
    // K14: source addresses and the redirect.
    dual(&["K14"], "an inbound cluster lost ::6", |evidence, _| {
        own_cluster(evidence, "inbound|9000||").bind_sources.truncate(1);
    }),
    dual(&["K14"], "the inbound cluster dials localhost (istio/istio#13942)", |evidence, _| {
        own_cluster(evidence, "inbound|9001||").bind_sources.clear();
    }),
    dual(&["K14"], "a server has no inbound cluster", |evidence, _| {
        proxy(evidence, SERVER).clusters.retain(|cluster| !cluster.name.starts_with("inbound|"));
    }),
    dual(&["K14"], "the inbound passthrough cluster has another name", |evidence, _| {
        own_cluster(evidence, "InboundPassthroughCluster").name = "InboundPassthroughClusterIpv4".to_owned();
    }),
    dual(&["K14"], "the server's IPv6 is not redirected (istio/istio#46625)", |evidence, _| {
        no_redirect(evidence, SERVER)
    }),
    dual(&["K14"], "the client's IPv6 is not redirected", |evidence, _| no_redirect(evidence, CLIENT)),
    // K11: endpoints.
    dual(&["K11"], "an endpoint lost its additional address", |evidence, _| {
        own_endpoints(evidence, CLIENT, 9000)[0].addresses.truncate(1);
    }),
    dual(&["K11"], "a pod has two endpoints (istio/istio#52104)", |evidence, _| {
        split(own_endpoints(evidence, CLIENT, 9000));
    }),
    dual(&["K11"], "a stale endpoint stands beside the merged one", |evidence, _| {
        let endpoints = own_endpoints(evidence, CLIENT, 9000);
        let stale = LbEndpoint { addresses: endpoints[0].addresses[1..].to_vec(), ..endpoints[0].clone() };
        endpoints.push(stale);
    }),
    dual(&["K11"], "a pod is missing", |evidence, _| {
        own_endpoints(evidence, SERVER, 9001).pop();
    }),
    dual(&["K11"], "an endpoint is unhealthy", |evidence, _| {
        own_endpoints(evidence, CLIENT, 9000)[0].health = "UNHEALTHY".to_owned();
    }),
    single(&["K11"], "a deleted pod is still an endpoint", |evidence, _| {
        own_endpoints(evidence, CLIENT, 9000)[0].addresses = vec![socket(ip("10.244.0.77"), 9000)];
    }),
    // K12: the first address.
    dual(&["K12"], "an endpoint begins with the pod's second address", |evidence, _| {
        own_endpoints(evidence, CLIENT, 9000)[0].addresses.reverse();
    }),
    dual(&["K12"], "every endpoint follows the Service's order instead of the pod's", |evidence, world| {
        for name in EVERYONE {
            for port in [9000, 9001, 8080] {
                for endpoint in own_endpoints(evidence, name, port) {
                    let first = if world.order == FamilyOrder::V4First { V6 } else { V4 };
                    endpoint.addresses.sort_by_key(|address| IpFamily::of(&address.ip) != first);
                }
            }
        }
    }),
];
