//! A node's service proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use dualproof_model::family::IpFamily;
use dualproof_netns::NetnsError;
use dualproof_netns::link::{Change, Route, RouteKind};
use dualproof_netns::traffic::{Front, Services, Transport, VirtualService};
use libtest_mimic::Trial;

use crate::site::{LIMIT, Server, Site, call, refusal};
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("services::all_backends_answer_over_both_families", balance),
        trial("services::datagrams_find_their_backend_and_back", datagrams),
        trial("services::nobody_answers_is_told_at_once", refused),
        trial("services::a_port_that_nobody_declared_is_refused_at_a_service_s_address", undeclared),
        trial("services::a_backend_can_call_itself", hairpin),
        trial("services::a_node_port_answers_those_outside", node_port),
        trial("services::the_new_services_stand_instead_of_the_old", replaced),
        trial("services::a_thousand_services_are_written_and_read", thousand),
        trial("services::mixed_families_are_refused", mixed),
    ]
}

fn cluster_ip(family: IpFamily, port: u16) -> SocketAddr {
    let address: IpAddr = match family {
        IpFamily::IPv4 => [10, 96, 0, 10].into(),
        IpFamily::IPv6 => [0xfd00, 0x10, 0x96, 0, 0, 0, 0, 0x10].into(),
    };
    SocketAddr::new(address, port)
}

fn service(transport: Transport, front: Front, backends: Vec<SocketAddr>) -> VirtualService {
    VirtualService { transport, front, backends }
}

fn tcp(family: IpFamily, port: u16, backends: Vec<SocketAddr>) -> VirtualService {
    service(Transport::Tcp, Front::Address(cluster_ip(family, port)), backends)
}

type Servers = BTreeMap<IpFamily, Vec<Server>>;

/// A node with a client and backends that each say their own word.
fn served(backends: u8) -> Result<(Site, Servers), Box<dyn std::error::Error>> {
    let site = Site::new(backends + 1)?;
    let mut servers = BTreeMap::new();
    for family in IpFamily::BOTH {
        let started = site.pods.iter().skip(1).enumerate();
        let started =
            started.map(|(index, pod)| Server::start(&pod.namespace, pod.at(family, 9000), &index.to_string()));
        servers.insert(family, started.collect::<Result<Vec<_>, _>>()?);
    }
    Ok((site, servers))
}

fn balance() -> Said {
    let (site, servers) = served(3)?;
    let backends = |family| site.pods.iter().skip(1).map(|pod| pod.at(family, 9000)).collect();
    site.node.serve(&Services::new(IpFamily::BOTH.map(|family| tcp(family, 80, backends(family))))?)?;
    for family in IpFamily::BOTH {
        // That one of three is missed 200 times has the chance of one in 10 to the power of 34.
        let said = (0..200).map(|_| call(&site.pods[0].namespace, cluster_ip(family, 80), None));
        let said = said.collect::<Result<BTreeSet<_>, _>>()?;
        assert_eq!(said, ["0", "1", "2"].map(str::to_owned).into(), "{family}");
        let callers: BTreeSet<IpAddr> =
            servers[&family].iter().flat_map(Server::seen).map(|(caller, _)| caller.ip()).collect();
        assert_eq!(callers, [*site.pods[0].addresses.get(family)].into(), "the source stays the pod's");
        assert_eq!(call(&site.node, cluster_ip(family, 80), None)?.len(), 1, "from the node itself");
    }
    Ok(())
}

fn datagrams() -> Said {
    let site = Site::new(2)?;
    let front = |family| Front::Address(cluster_ip(family, 53));
    let services =
        IpFamily::BOTH.map(|family| service(Transport::Udp, front(family), vec![site.pods[1].at(family, 5353)]));
    site.node.serve(&Services::new(services)?)?;
    for family in IpFamily::BOTH {
        let server = site.pods[1].namespace.datagrams(site.pods[1].at(family, 5353))?;
        let client = site.pods[0].namespace.datagrams(site.pods[0].at(family, 0))?;
        for socket in [&server, &client] {
            socket.set_read_timeout(Some(LIMIT))?;
        }
        client.send_to(b"question", cluster_ip(family, 53))?;
        let mut buffer = [0; 16];
        let (length, from) = server.recv_from(&mut buffer)?;
        server.send_to(&buffer[..length], from)?;
        let (length, answered) = client.recv_from(&mut buffer)?;
        assert_eq!((&buffer[..length], answered), (&b"question"[..], cluster_ip(family, 53)), "{family}");
    }
    Ok(())
}

fn refused() -> Said {
    let site = Site::new(1)?;
    let mut services = Vec::new();
    for family in IpFamily::BOTH {
        services.push(tcp(family, 80, Vec::new()));
        services.push(service(Transport::Tcp, Front::NodePort { family, port: 30080 }, Vec::new()));
        services.push(service(Transport::Udp, Front::Address(cluster_ip(family, 53)), Vec::new()));
    }
    site.node.serve(&Services::new(services)?)?;
    for family in IpFamily::BOTH {
        // More often than the kernel would send ICMP errors.
        for _ in 0..20 {
            let told = refusal(&site.pods[0].namespace, cluster_ip(family, 80));
            assert_eq!(told, Some(ErrorKind::ConnectionRefused), "{family}");
        }
        let port = SocketAddr::new(*site.addresses.get(family), 30080);
        assert_eq!(refusal(&site.outside, port), Some(ErrorKind::ConnectionRefused), "{family}");
        assert_eq!(refusal(&site.node, cluster_ip(family, 80)), Some(ErrorKind::ConnectionRefused), "{family}");
        let client = site.pods[0].namespace.datagrams(site.pods[0].at(family, 0))?;
        client.set_read_timeout(Some(LIMIT))?;
        client.connect(cluster_ip(family, 53))?;
        client.send(b"question")?;
        let told = client.recv(&mut [0; 16]).map_err(|error| error.kind());
        assert_eq!(told, Err(ErrorKind::ConnectionRefused), "{family}");
    }
    Ok(())
}

fn undeclared() -> Said {
    let (site, _servers) = served(1)?;
    let pod = &site.pods[1];
    site.node.serve(&Services::new(IpFamily::BOTH.map(|family| tcp(family, 80, vec![pod.at(family, 9000)])))?)?;
    for family in IpFamily::BOTH {
        let beside = cluster_ip(family, 9000);
        for from in [&site.pods[0].namespace, &site.node] {
            assert_eq!(refusal(from, beside), Some(ErrorKind::ConnectionRefused), "{family}");
        }
        let client = site.pods[0].namespace.datagrams(site.pods[0].at(family, 0))?;
        client.set_read_timeout(Some(LIMIT))?;
        client.connect(cluster_ip(family, 80))?;
        client.send(b"question")?;
        let told = client.recv(&mut [0; 16]).map_err(|error| error.kind());
        assert_eq!(told, Err(ErrorKind::ConnectionRefused), "{family}: the port is TCP's alone");
    }
    Ok(())
}

fn hairpin() -> Said {
    let (site, servers) = served(1)?;
    let pod = &site.pods[1];
    site.node.serve(&Services::new(IpFamily::BOTH.map(|family| tcp(family, 80, vec![pod.at(family, 9000)])))?)?;
    for family in IpFamily::BOTH {
        assert_eq!(call(&pod.namespace, cluster_ip(family, 80), None)?, "0", "{family}");
        let callers: Vec<IpAddr> =
            servers[&family].iter().flat_map(Server::seen).map(|(caller, _)| caller.ip()).collect();
        assert_eq!(callers, [*site.addresses.get(family)], "it sees the node");
    }
    Ok(())
}

fn node_port() -> Said {
    let (site, servers) = served(2)?;
    let backends = |family| site.pods.iter().skip(1).map(|pod| pod.at(family, 9000)).collect();
    let services =
        IpFamily::BOTH.map(|family| service(Transport::Tcp, Front::NodePort { family, port: 30080 }, backends(family)));
    site.node.serve(&Services::new(services)?)?;
    for family in IpFamily::BOTH {
        let port = SocketAddr::new(*site.addresses.get(family), 30080);
        for _ in 0..20 {
            call(&site.outside, port, None)?;
        }
        let callers: BTreeSet<IpAddr> =
            servers[&family].iter().flat_map(Server::seen).map(|(caller, _)| caller.ip()).collect();
        assert_eq!(callers, [*site.addresses.get(family)].into(), "{family}: backends answer by way of the node");
        call(&site.pods[0].namespace, port, None)?;
        let beside = SocketAddr::new(port.ip(), 30081);
        assert_eq!(refusal(&site.outside, beside), Some(ErrorKind::ConnectionRefused), "{family}");
    }
    Ok(())
}

fn replaced() -> Said {
    let (site, _servers) = served(2)?;
    site.outside.set("ipv4/ip_forward", "1")?;
    site.outside.set("ipv6/conf/all/forwarding", "1")?;
    for to in ["10.96.0.0/16", "fd00:10:96::/112"] {
        site.outside.apply(&[Change::Route(Route { to: to.parse()?, kind: RouteKind::Unreachable, source: None })])?;
    }
    for to in ["10.244.0.0/16", "fd00:10:244::/64"] {
        let to: ipnet::IpNet = to.parse()?;
        let via = *site.addresses.get(IpFamily::of(&to.addr()));
        site.outside.apply(&[Change::route(to, "eth0", Some(via))])?;
    }
    for family in IpFamily::BOTH {
        for index in [1, 2] {
            site.node.serve(&Services::new([tcp(family, 80, vec![site.pods[index].at(family, 9000)])])?)?;
            assert_eq!(call(&site.pods[0].namespace, cluster_ip(family, 80), None)?, (index - 1).to_string());
        }
        site.node.serve(&Services::new([])?)?;
        // The node sends it on, to where it is told that there is no way.
        let told = refusal(&site.pods[0].namespace, cluster_ip(family, 80));
        assert!(matches!(told, Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)), "{told:?}");
    }
    Ok(())
}

fn thousand() -> Said {
    let site = Site::new(0)?;
    let mut services = Vec::new();
    for family in IpFamily::BOTH {
        for port in 1..=1000 {
            let backend = |last: u8| match family {
                IpFamily::IPv4 => SocketAddr::from(([10, 244, 1, last], port)),
                IpFamily::IPv6 => SocketAddr::from(([0xfd00, 0x10, 0x244, 0, 0, 0, 0, u16::from(last)], port)),
            };
            services.push(tcp(family, port, vec![backend(1), backend(2)]));
        }
    }
    let services = Services::new(services)?;
    site.node.serve(&services)?;
    let wanted = services.tables();
    for table in &wanted {
        assert_eq!(site.node.filter().tables(table.family)?, std::slice::from_ref(table));
        assert!(table.chains.iter().map(|chain| chain.rules.len()).sum::<usize>() < 20);
    }
    Ok(())
}

fn mixed() -> Said {
    let backend = "[fd00::1]:80".parse()?;
    let told = Services::new([tcp(IpFamily::IPv4, 80, vec![backend])]);
    assert!(matches!(told, Err(NetnsError::Value { value, .. }) if value == "[fd00::1]:80"));
    let twice = || tcp(IpFamily::IPv4, 80, Vec::new());
    assert!(matches!(Services::new([twice(), twice()]), Err(NetnsError::Value { .. })));
    Ok(())
}
