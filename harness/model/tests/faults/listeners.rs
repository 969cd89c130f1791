//! Faults of listeners and of their sockets, and of what Envoy took.

use std::net::SocketAddr;

use dualproof_model::evidence::{Listener, Protocol, Rejection, SocketAddress};
use dualproof_model::family::listener_name;

use super::surgery::{close, drop_wildcard, synced};
use super::{EVERYONE, Mutant, V4, V6, dual, single};
use crate::lab::{CLIENT, SERVER, ip, listener, netns, pod, proxy, socket};

pub(super) const FAULTS: &[Mutant] = &[
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
        (twin.name, twin.addresses) = ("stray".to_owned(), vec![socket(ip("::"), 15090)]);
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
            place: "config_dump.json#10.96.0.1_443".to_owned(),
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
    // K09: the sidecar's own ports.
    dual(&["K09"], "readiness is bound to IPv4 alone (istio/istio#45970)", |evidence, _| {
        close(evidence, SERVER, V6, 15021)
    }),
    dual(&["K09"], "statistics are bound to IPv6 alone, whatever the configuration says", |evidence, _| {
        close(evidence, CLIENT, V4, 15090);
    }),
    single(&["K09"], "the agent's port is closed", |evidence, _| close(evidence, SERVER, V6, 15020)),
    dual(&["K09"], "the agent listens on loopback alone (linkerd/linkerd2#3849)", |evidence, _| {
        for socket in netns(evidence, CLIENT).sockets.v6.iter_mut().flatten() {
            if socket.address.port() == 15020 {
                socket.address = SocketAddr::new(ip("::1"), 15020);
            }
        }
    }),
    dual(&["K09"], "readiness is bound to one podIP", |evidence, world| {
        let own = world.pod_ips(8);
        for socket in netns(evidence, SERVER).sockets.v4.iter_mut().flatten() {
            if socket.address.port() == 15021 {
                let other = own.iter().find(|address| address.is_ipv6());
                socket.address.set_ip(*other.unwrap_or(&ip("::1")));
            }
        }
    }),
    // K47: addresses and ports in names.
    dual(&["K47"], "a name says another address", |evidence, _| {
        listener(evidence, CLIENT, 443).name = "10.96.0.2_443".to_owned();
    }),
    dual(&["K47"], "a name says another port", |evidence, _| {
        listener(evidence, SERVER, 15021).name = "0.0.0.0_15090".to_owned();
    }),
    dual(&["K47"], "an IPv6 name is written with brackets", |evidence, _| {
        let listener = listener(evidence, CLIENT, 15021);
        listener.name = "[::]_15021".to_owned();
    }),
    dual(&["K47"], "Envoy reports an IPv6 address and port without a mark between them", |evidence, _| {
        let status = proxy(evidence, SERVER).listener_statuses.iter_mut().find(|status| status.name.ends_with("_443"));
        let Some(status) = status else { panic!("no status") };
        (status.name, status.addresses) = ("fd00:10:96::1:443".to_owned(), vec![socket(ip("fd00:10:96::1"), 443)]);
    }),
];
