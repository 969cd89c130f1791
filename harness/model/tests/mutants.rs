//! Faults over green evidence: each turns exactly the checks red that it is meant for, and no check is without faults.

mod checks;
mod lab;

use std::collections::{BTreeMap, BTreeSet};

use dualproof_model::check;
use dualproof_model::evidence::{
    CallOutcome, CallStage, Evidence, LbEndpoint, Listener, Protocol, Rejection, SocketAddress,
};
use dualproof_model::family::{FamilyOrder, IpFamily, listener_name};
use lab::{CLIENT, SERVER, SERVERS, World, ip, listener, pod, proxy, red, service, socket};

const V4: IpFamily = IpFamily::IPv4;
const V6: IpFamily = IpFamily::IPv6;
const BOTH_ORDERS: &[FamilyOrder] = &[FamilyOrder::V4First, FamilyOrder::V6First];
const EVERYONE: [&str; 3] = [CLIENT, SERVERS[0], SERVERS[1]];

struct Mutant {
    what: &'static str,
    red: &'static [&'static str],
    /// The families of the Service in the claim.
    service: &'static [IpFamily],
    orders: &'static [FamilyOrder],
    mutate: fn(&mut Evidence, &World),
}

const fn dual(red: &'static [&'static str], what: &'static str, mutate: fn(&mut Evidence, &World)) -> Mutant {
    Mutant { what, red, service: &[V6, V4], orders: BOTH_ORDERS, mutate }
}

const fn single(red: &'static [&'static str], what: &'static str, mutate: fn(&mut Evidence, &World)) -> Mutant {
    Mutant { what, red, service: &[V4], orders: BOTH_ORDERS, mutate }
}

const MUTANTS: &[Mutant] = &[
    // K41: the cluster.
    dual(&["K41"], "a node has no IPv6 InternalIP", |evidence, _| {
        evidence.objects.nodes[1].internal_ips.retain(|address| address.is_ipv4());
    }),
    dual(&["K41"], "a node's podCIDRs are in the other order", |evidence, _| {
        evidence.objects.nodes[0].pod_cidrs.reverse();
    }),
    dual(&["K41"], "PreferDualStack without families gets the other order", |evidence, _| {
        let found = evidence.objects.services.iter_mut().find(|service| service.meta.name == "echo-prefer");
        if let Some(service) = found {
            service.cluster_ips.reverse();
        }
    }),
    dual(&["K41"], "a hostNetwork pod has one address", |evidence, _| {
        pod(evidence, "etcd-node-1").ips.truncate(1);
    }),
    dual(&["K41"], "a baseline pod has its addresses in the other order", |evidence, _| {
        pod(evidence, "client-node-1").ips.reverse();
    }),
    dual(&["K41"], "IPv6 between nodes is dead", |evidence, _| {
        for call in evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Baseline) {
            let crosses = call.client.name == "client-node-1" && call.target.name == "echo-node-2";
            if crosses && call.family == Some(V6) {
                (call.outcome, call.stdout) = (CallOutcome::Timeout, String::new());
            }
        }
    }),
    dual(&["K41"], "AAAA is answered with nothing", |evidence, _| {
        evidence.dns.iter_mut().filter(|question| question.family == V6).for_each(|question| question.answers.clear());
    }),
    // K13: the claim.
    dual(&["K13"], "the Service was patched to SingleStack, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V6]).evidence();
    }),
    dual(&["K13"], "the Service has its families in the other order, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V4, V6]).evidence();
    }),
    single(&["K13"], "the SingleStack Service became dual-stack, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V4, V6]).evidence();
    }),
    single(&["K13"], "the SingleStack Service is of the other family, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V6]).evidence();
    }),
    single(&["K13"], "a slice of the other family stands behind the SingleStack Service", |evidence, world| {
        let stranger = world.clone().serving(&[V6]).evidence().objects.endpoint_slices;
        evidence.objects.endpoint_slices.extend(stranger);
    }),
    single(&["K13"], "the SingleStack Service's endpoints have all podIPs", |evidence, _| {
        let cluster = own_endpoints(evidence, CLIENT, 9000);
        cluster[0].addresses.push(socket(ip("fd00:10:244::8"), 9000));
    }),
    // K42: the API server's table.
    dual(&["K42"], "clusterIP repeats the second of clusterIPs", |evidence, _| {
        let service = service(evidence);
        service.cluster_ip = service.cluster_ips.last().copied();
    }),
    dual(&["K42"], "clusterIPs are not in the order of ipFamilies, and the listeners followed", |evidence, _| {
        let service = service(evidence);
        service.cluster_ips.reverse();
        service.cluster_ip = service.cluster_ips.first().copied();
        for name in EVERYONE {
            for port in [9000, 9001] {
                let listener = listener(evidence, name, port);
                listener.addresses.reverse();
                listener.name = listener_name(listener.addresses[0].ip, port);
            }
        }
    }),
    // K43: the slices.
    dual(&["K43"], "the second family's slice is emptied", |evidence, _| {
        evidence.objects.endpoint_slices[1].endpoints.clear();
    }),
    dual(&["K43"], "the first family's slice is emptied", |evidence, _| {
        evidence.objects.endpoint_slices[0].endpoints.clear();
    }),
    dual(&["K43"], "the IPv6 slice holds IPv4 addresses", |evidence, _| {
        evidence.objects.endpoint_slices[0].endpoints[0].addresses = vec![ip("10.244.0.8")];
    }),
    dual(&["K43"], "one family calls a Ready pod unready", |evidence, _| {
        evidence.objects.endpoint_slices[1].endpoints[1].ready = false;
    }),
    dual(&["K43"], "one family's slice lost a port", |evidence, _| {
        evidence.objects.endpoint_slices[1].ports.pop();
    }),
    single(&["K43"], "a deleted pod's address is still in the slice", |evidence, _| {
        let mut ghost = evidence.objects.endpoint_slices[0].endpoints[0].clone();
        ghost.addresses = vec![ip("10.244.0.77")];
        evidence.objects.endpoint_slices[0].endpoints.push(ghost);
    }),
    // K06: outbound listeners.
    dual(&["K06"], "the listener lost the second clusterIP", |evidence, _| {
        listener(evidence, CLIENT, 9000).addresses.truncate(1);
    }),
    dual(&["K06"], "the listener is gone", |evidence, _| {
        let proxy = proxy(evidence, SERVER);
        proxy.listeners.retain(|listener| listener.addresses_on(9001).is_empty());
    }),
    dual(&["K06"], "each clusterIP has a listener of its own", |evidence, _| {
        let first = listener(evidence, CLIENT, 9000);
        let second: Vec<SocketAddress> = first.addresses.drain(1..).collect();
        let name = listener_name(second[0].ip, 9000);
        let split = Listener { name, addresses: second, ..first.clone() };
        proxy(evidence, CLIENT).listeners.push(split);
    }),
    dual(&["K06"], "the listener begins with the second clusterIP", |evidence, _| {
        listener(evidence, CLIENT, 9000).addresses.reverse();
    }),
    dual(&["K06"], "the listener is only warming", |evidence, _| {
        listener(evidence, CLIENT, 9001).active = false;
    }),
    single(&["K06"], "the listener holds a stranger", |evidence, _| {
        listener(evidence, CLIENT, 9000).addresses.push(socket(ip("fd00:10:96::bad"), 9000));
    }),
    dual(&["K06", "K07"], "1.24: the IPv4 clusterIP is first and additional (istio/istio#55577)", |evidence, _| {
        for name in EVERYONE {
            for port in [9000, 9001] {
                let listener = listener(evidence, name, port);
                let v4 = socket(ip("10.96.0.50"), port);
                listener.addresses = vec![v4, v4];
                listener.name = listener_name(v4.ip, port);
            }
        }
    }),
    // K07: what Envoy took.
    dual(&["K07"], "an additional address is doubled (istio/istio#46633)", |evidence, _| {
        let listener = listener(evidence, CLIENT, 9000);
        let again = listener.addresses[1];
        listener.addresses.push(again);
    }),
    dual(&["K07"], "two listeners share an address", |evidence, _| {
        let twin = Listener { name: "stray".to_owned(), ..listener(evidence, CLIENT, 443).clone() };
        proxy(evidence, CLIENT).listeners.push(twin);
    }),
    dual(&["K07"], "a dynamic listener takes a bootstrap listener's address", |evidence, _| {
        let mut twin = listener(evidence, SERVER, 443).clone();
        twin.addresses = vec![socket(ip("::"), 15090)];
        proxy(evidence, SERVER).listeners.push(twin);
    }),
    dual(&["K07"], "a listener mixes TCP and UDP (istio/istio#48336)", |evidence, _| {
        listener(evidence, CLIENT, 8080).addresses[1].protocol = Protocol::Udp;
    }),
    dual(&["K07"], "a listener was refused", |evidence, _| {
        let details = "listener has different socket type".to_owned();
        listener(evidence, CLIENT, 443).error = Some(details.clone());
        proxy(evidence, CLIENT).rejections.push(Rejection {
            kind: "listener".to_owned(),
            details,
            ..Rejection::default()
        });
    }),
    dual(&["K07"], "a refusal stands in the counters alone", |evidence, _| {
        proxy(evidence, CLIENT).stats.insert("cluster_manager.cds.update_rejected".to_owned(), 1);
    }),
    dual(&["K07"], "a push is not acknowledged", |evidence, _| {
        if let Some(kind) = synced(evidence).types.get_mut("Listener") {
            kind.acked = "older".to_owned();
        }
    }),
    dual(&["K07"], "the control plane knows of an error", |evidence, _| {
        if let Some(kind) = synced(evidence).types.get_mut("ClusterLoadAssignment") {
            kind.error = "malformed IP address".to_owned();
        }
    }),
    dual(&["K07"], "listeners were never sent", |evidence, _| {
        synced(evidence).types.remove("Listener");
    }),
    dual(&["K07"], "a proxy is not connected", |evidence, _| {
        if let Some(sync) = &mut evidence.sync {
            sync.proxies.pop();
        }
    }),
    dual(&["K07"], "a proxy restarted", |evidence, _| pod(evidence, SERVER).restarts = 1),
    dual(&["K07"], "a proxy is draining", |evidence, _| proxy(evidence, SERVER).info.state = "DRAINING".to_owned()),
    dual(&["K07"], "no pod has a sidecar", |evidence, _| {
        for name in EVERYONE {
            pod(evidence, name).containers.retain(|container| container != "istio-proxy");
        }
        evidence.proxies.clear();
    }),
    dual(&["K07"], "one server has no sidecar", |evidence, _| {
        pod(evidence, SERVER).containers.retain(|container| container != "istio-proxy");
        evidence.proxies.retain(|proxy| proxy.pod.name != SERVER);
    }),
    // K08: wildcards.
    dual(&["K08"], "virtualInbound lost `::`", |evidence, _| drop_wildcard(evidence, SERVER, "virtualInbound", V6)),
    dual(&["K08"], "virtualOutbound lost 0.0.0.0", |evidence, _| {
        drop_wildcard(evidence, CLIENT, "virtualOutbound", V4);
    }),
    dual(&["K08"], "Envoy reports fewer addresses than it was given", |evidence, _| {
        for status in &mut proxy(evidence, CLIENT).listener_statuses {
            status.addresses.truncate(1);
        }
    }),
    dual(&["K08"], "a shared HTTP listener lost `::`", |evidence, _| {
        listener(evidence, CLIENT, 8080).addresses.truncate(1);
    }),
    dual(&["K08"], "an HTTP port has no shared listener", |evidence, _| {
        proxy(evidence, CLIENT).listeners.retain(|listener| listener.addresses_on(8080).is_empty());
    }),
    dual(&["K08"], "statistics answer in one family (istio/istio#47040)", |evidence, _| {
        listener(evidence, SERVER, 15090).addresses.truncate(1);
    }),
    dual(&["K08"], "the proxy has its pod's addresses in another order", |evidence, _| {
        proxy(evidence, SERVER).info.instance_ips.reverse();
    }),
    dual(&["K08"], "the proxy took a link-local address for its own", |evidence, _| {
        proxy(evidence, SERVER).info.instance_ips.push(ip("169.254.172.2"));
    }),
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
    // S01: the reply.
    dual(&["S01"], "nothing comes back, and nc exits 0", |evidence, _| seed_call(evidence).stdout.clear()),
    dual(&["S01"], "the call hangs", |evidence, _| {
        let call = seed_call(evidence);
        (call.outcome, call.stdout) = (CallOutcome::Timeout, String::new());
    }),
    single(&["S01"], "another server answers", |evidence, _| seed_call(evidence).stdout = "hello you\n".to_owned()),
    // Both switches of ISTIO_DUAL_STACK, from what real meshes showed.
    Mutant {
        what: "the pod's switch is off, the control plane's on",
        red: &["K08", "K14"],
        service: &[V6, V4],
        orders: BOTH_ORDERS,
        mutate: |evidence, _| pod_switch_off(evidence, SERVER),
    },
    Mutant {
        what: "the pod's switch is on, the control plane's off",
        red: &["K06", "K08", "K11", "K14"],
        service: &[V6, V4],
        orders: BOTH_ORDERS,
        mutate: |evidence, _| control_plane_switch_off(evidence),
    },
    Mutant {
        what: "both switches are off",
        red: &["K06", "K08", "K11", "K14"],
        service: &[V6, V4],
        orders: BOTH_ORDERS,
        mutate: |evidence, _| {
            control_plane_switch_off(evidence);
            EVERYONE.iter().for_each(|name| pod_switch_off(evidence, name));
        },
    },
];

#[test]
fn each_fault_turns_exactly_its_checks_red() {
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        for order in mutant.orders {
            let world = World::seed(*order).serving(mutant.service);
            let (scenario, mut evidence) = (world.scenario(), world.evidence());
            assert_eq!(red(&evidence, &scenario, &world.shapes), BTreeSet::new(), "before {}", mutant.what);
            (mutant.mutate)(&mut evidence, &world);
            let seen = red(&evidence, &scenario, &world.shapes);
            let expected: BTreeSet<&str> = mutant.red.iter().copied().collect();
            if seen != expected {
                wrong.push(format!("{} ({order}): expected {expected:?}, seen {seen:?}", mutant.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_has_two_faults_of_its_own() {
    let mut own: BTreeMap<&str, usize> = check::all().iter().map(|check| (check.key, 0)).collect();
    for mutant in MUTANTS {
        if let [only] = mutant.red {
            *own.entry(only).or_default() += 1;
        }
    }
    let poor: Vec<_> = own.iter().filter(|(_, faults)| **faults < 2).collect();
    assert!(poor.is_empty(), "checks without two faults that turn them alone red: {poor:?}");
    assert_eq!(own.len(), check::all().len(), "a fault names a check that does not exist: {own:?}");
}

fn own_endpoints<'a>(evidence: &'a mut Evidence, pod: &str, port: u16) -> &'a mut Vec<LbEndpoint> {
    let name = format!("outbound|{port}||tcp-echo.servers.svc.cluster.local");
    let mut loads = proxy(evidence, pod).endpoints.iter_mut();
    &mut loads.find(|load| load.cluster == name).unwrap_or_else(|| panic!("no {name}")).endpoints
}

fn own_cluster<'a>(evidence: &'a mut Evidence, name: &str) -> &'a mut dualproof_model::evidence::Cluster {
    let mut clusters = proxy(evidence, SERVER).clusters.iter_mut();
    clusters.find(|cluster| cluster.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn seed_call(evidence: &mut Evidence) -> &mut dualproof_model::evidence::Call {
    let mut calls = evidence.calls.iter_mut();
    calls.find(|call| call.stage == CallStage::Mesh).unwrap_or_else(|| panic!("no call"))
}

fn synced(evidence: &mut Evidence) -> &mut dualproof_model::evidence::ProxySync {
    evidence.sync.as_mut().map(|sync| &mut sync.proxies[0]).unwrap_or_else(|| panic!("no sync"))
}

fn split(endpoints: &mut Vec<LbEndpoint>) {
    *endpoints = endpoints
        .iter()
        .flat_map(|endpoint| {
            let one = |address| LbEndpoint { addresses: vec![address], ..endpoint.clone() };
            endpoint.addresses.iter().copied().map(one).collect::<Vec<_>>()
        })
        .collect();
}

/// Takes one family's wildcard from a listener, in the configuration and in what Envoy reports.
fn drop_wildcard(evidence: &mut Evidence, pod: &str, name: &str, family: IpFamily) {
    let proxy = proxy(evidence, pod);
    let keep = |address: &SocketAddress| IpFamily::of(&address.ip) != family;
    let configured = proxy.listeners.iter_mut().filter(|listener| listener.name == name);
    configured.for_each(|listener| listener.addresses.retain(keep));
    let reported = proxy.listener_statuses.iter_mut().filter(|status| status.name == name);
    reported.for_each(|status| status.addresses.retain(keep));
}

fn no_redirect(evidence: &mut Evidence, pod: &str) {
    if let Some(log) = &mut proxy(evidence, pod).redirect {
        log.inbound_ipv6 = Some(false);
    }
}

/// What `proxyMetadata: {ISTIO_DUAL_STACK: "false"}` does to a dual pod of either order: bootstrap and redirect are IPv4
/// alone, everything that the control plane sends stays dual-stack. (An IPv6-first pod does not become Ready either, since
/// its readiness is asked at an IPv6 address; that is left out here.)
fn pod_switch_off(evidence: &mut Evidence, pod: &str) {
    for port in [15090, 15021] {
        listener(evidence, pod, port).addresses.retain(|address| address.ip.is_ipv4());
    }
    if let Some(log) = &mut proxy(evidence, pod).redirect {
        (log.inbound_ipv6, log.dual_stack) = (Some(false), Some(false));
    }
}

/// What istiod does without ISTIO_DUAL_STACK: listeners on the first clusterIP only, virtual listeners without `::`, inbound
/// clusters without `::6`, one endpoint for each address. HTTP listeners and the inbound passthrough stay as they are.
fn control_plane_switch_off(evidence: &mut Evidence) {
    for name in EVERYONE {
        for port in [9000, 9001] {
            listener(evidence, name, port).addresses.truncate(1);
            split(own_endpoints(evidence, name, port));
        }
        drop_wildcard(evidence, name, "virtualInbound", V6);
        drop_wildcard(evidence, name, "virtualOutbound", V6);
        let clusters = &mut proxy(evidence, name).clusters;
        let inbound = clusters.iter_mut().filter(|cluster| cluster.name.starts_with("inbound|"));
        inbound.for_each(|cluster| cluster.bind_sources.truncate(1));
    }
}
