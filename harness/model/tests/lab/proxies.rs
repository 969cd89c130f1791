//! What a sidecar holds.

use std::net::IpAddr;

use dualproof_model::evidence::{
    Cluster, ClusterEndpoints, Direction, HostStatus, LbEndpoint, Listener, ListenerStatus, Origin, Proxy, ProxyInfo,
    RedirectLog,
};
use dualproof_model::family::FamilyOrder;
use dualproof_model::spec::{EndpointShape, InfraShape, PassthroughShape};

use super::{World, ip, pod_ref, socket};

const WEB: [(u16, bool); 3] = [(9000, false), (9001, false), (8080, true)];

/// The proxy of the pod with a number.
pub(super) fn proxy(world: &World, namespace: &str, name: &str, number: u8) -> Proxy {
    let place = format!("proxies/{namespace}/{name}");
    let mut listeners = bootstrap(world);
    listeners.push(listener("virtualOutbound", Direction::Outbound, &both(), 15001));
    listeners.push(listener("virtualInbound", Direction::Inbound, &both(), 15006));
    listeners.push(listener("10.96.0.1_443", Direction::Outbound, &[ip("10.96.0.1")], 443));
    for (port, is_http) in WEB {
        let addresses = if is_http { both() } else { world.vips() };
        listeners.push(listener(&format!("{}_{port}", addresses[0]), Direction::Outbound, &addresses, port));
    }
    let statuses = listeners
        .iter()
        .map(|listener| ListenerStatus {
            name: listener.name.clone(),
            addresses: listener.addresses.clone(),
            place: format!("{place}/listeners.json#{}", listener.name),
        })
        .collect();
    Proxy {
        pod: pod_ref(namespace, name),
        info: ProxyInfo {
            envoy: "0/1.39.3/Clean/RELEASE/BoringSSL".to_owned(),
            mesh: "1.31.0".to_owned(),
            state: "LIVE".to_owned(),
            instance_ips: world.pod_ips(number),
        },
        listeners,
        listener_statuses: statuses,
        clusters: clusters(world, namespace),
        endpoints: endpoints(world),
        hosts: vec![HostStatus {
            cluster: "outbound|9000||tcp-echo.servers.svc.cluster.local".to_owned(),
            address: socket(world.pod_ips(8)[0], 9000),
            connections: 1,
            requests: 1,
            place: format!("{place}/clusters.json"),
        }],
        hosts_before: None,
        rejections: Vec::new(),
        stats: [("cluster_manager.cds.update_rejected", 0), ("listener_manager.lds.update_rejected", 0)]
            .map(|(name, count)| (name.to_owned(), count))
            .into(),
        redirect: Some(RedirectLog {
            inbound_ipv6: Some(true),
            dual_stack: Some(true),
            place: format!("logs/{namespace}/{name}/istio-init.log"),
        }),
        place,
    }
}

fn both() -> Vec<IpAddr> {
    vec![ip("0.0.0.0"), ip("::")]
}

fn listener(name: &str, direction: Direction, addresses: &[IpAddr], port: u16) -> Listener {
    Listener {
        name: name.to_owned(),
        origin: Origin::Dynamic,
        direction: Some(direction),
        addresses: addresses.iter().map(|address| socket(*address, port)).collect(),
        active: true,
        error: None,
        place: format!("config_dump.json#{name}"),
    }
}

fn bootstrap(world: &World) -> Vec<Listener> {
    let mut wildcards = both();
    if world.order == FamilyOrder::V6First {
        wildcards.reverse();
    }
    if world.shapes.infra_listeners == InfraShape::FirstFamily {
        wildcards.truncate(1);
    }
    [15090, 15021]
        .map(|port| Listener {
            origin: Origin::Static,
            direction: None,
            ..listener(&format!("{}_{port}", wildcards[0]), Direction::Inbound, &wildcards, port)
        })
        .to_vec()
}

fn clusters(world: &World, namespace: &str) -> Vec<Cluster> {
    let cluster = |name: &str, kind: &str, sources: &[&str]| Cluster {
        name: name.to_owned(),
        kind: kind.to_owned(),
        bind_sources: sources.iter().map(|text| ip(text)).collect(),
        dns_lookup_family: "AUTO".to_owned(),
        active: true,
        place: format!("config_dump.json#{name}"),
    };
    let mut clusters = vec![
        cluster("BlackHoleCluster", "STATIC", &[]),
        cluster("PassthroughCluster", "ORIGINAL_DST", &[]),
        cluster("outbound|9000||tcp-echo.servers.svc.cluster.local", "EDS", &[]),
    ];
    match world.shapes.inbound_passthrough {
        PassthroughShape::Single => {
            clusters.push(cluster("InboundPassthroughCluster", "ORIGINAL_DST", &["127.0.0.6", "::6"]));
        }
        PassthroughShape::PerFamily => {
            clusters.push(cluster("InboundPassthroughClusterIpv4", "ORIGINAL_DST", &["127.0.0.6"]));
            clusters.push(cluster("InboundPassthroughClusterIpv6", "ORIGINAL_DST", &["::6"]));
        }
    }
    if namespace == "servers" {
        for (port, _) in WEB {
            clusters.push(cluster(&format!("inbound|{port}||"), "ORIGINAL_DST", &["127.0.0.6", "::6"]));
        }
    }
    clusters
}

fn endpoints(world: &World) -> Vec<ClusterEndpoints> {
    let mut all = vec![load("outbound|443||kubernetes.default.svc.cluster.local", vec![vec![ip("172.18.0.1")]], 6443)];
    for (port, _) in WEB {
        let mut groups = Vec::new();
        for number in [8, 9] {
            let wanted = |address: &IpAddr| world.vips().iter().any(|vip| vip.is_ipv4() == address.is_ipv4());
            let ips: Vec<IpAddr> = world.pod_ips(number).into_iter().filter(wanted).collect();
            match world.shapes.endpoints {
                EndpointShape::Merged => groups.push(ips),
                EndpointShape::Split => groups.extend(ips.into_iter().map(|address| vec![address])),
            }
        }
        all.push(load(&format!("outbound|{port}||tcp-echo.servers.svc.cluster.local"), groups, port));
        // A namesake in another namespace: nobody may take its endpoints for the Service's.
        let other = format!("outbound|{port}||tcp-echo.servers-2.svc.cluster.local");
        all.push(load(&other, vec![vec![ip("10.244.9.9"), ip("fd00:10:244::99")]], port));
    }
    all
}

fn load(cluster: &str, groups: Vec<Vec<IpAddr>>, port: u16) -> ClusterEndpoints {
    ClusterEndpoints {
        cluster: cluster.to_owned(),
        endpoints: groups
            .into_iter()
            .map(|group| LbEndpoint {
                addresses: group.into_iter().map(|address| socket(address, port)).collect(),
                health: "HEALTHY".to_owned(),
            })
            .collect(),
        place: format!("config_dump.json#{cluster}"),
    }
}
