//! Istio's redirect.

use std::net::SocketAddr;

use dualproof_model::family::{IpFamily, PerFamily};
use dualproof_netns::traffic::{InboundPorts, OutboundPorts, Redirect};
use libtest_mimic::Trial;

use crate::site::{Pod, Server, Site, call, refusal};
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("redirect::both_families_are_caught_with_their_destination", both_are_caught),
        trial("redirect::what_the_sidecar_sends_escapes", mark_escapes),
        trial("redirect::ports_are_left_out_as_asked", ports_left_out),
        trial("redirect::one_family_alone_is_a_fault_that_shows", one_family),
    ]
}

/// The server is redirected, and has a sidecar and an application.
struct Meshed {
    site: Site,
    inbound: PerFamily<Server>,
    outbound: PerFamily<Server>,
}

fn meshed(redirect: &Redirect) -> Result<Meshed, Box<dyn std::error::Error>> {
    let site = Site::new(2)?;
    let pod = &site.pods[0].namespace;
    pod.redirect(redirect)?;
    let start = |family: IpFamily, port: u16, word: &str| {
        let all: std::net::IpAddr = if family == IpFamily::IPv4 { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
        Server::start(pod, SocketAddr::new(all, port), word)
    };
    let both = |port, word| {
        Ok::<_, dualproof_netns::NetnsError>(PerFamily {
            v4: start(IpFamily::IPv4, port, word)?,
            v6: start(IpFamily::IPv6, port, word)?,
        })
    };
    let (inbound, outbound) = (both(15006, "inbound")?, both(15001, "outbound")?);
    both(8080, "application")?;
    both(15021, "ready")?;
    both(15008, "tunnel")?;
    for family in IpFamily::BOTH {
        Server::start(&site.pods[1].namespace, site.pods[1].at(family, 9000), "peer")?;
        Server::start(&site.pods[1].namespace, site.pods[1].at(family, 9001), "peer")?;
    }
    Ok(Meshed { site, inbound, outbound })
}

impl Meshed {
    fn pod(&self) -> &Pod {
        &self.site.pods[0]
    }

    fn peer(&self) -> &Pod {
        &self.site.pods[1]
    }
}

fn both_are_caught() -> Said {
    let meshed = meshed(&Redirect::default())?;
    for family in IpFamily::BOTH {
        let application = meshed.pod().at(family, 8080);
        assert_eq!(call(&meshed.peer().namespace, application, None)?, "inbound", "{family}");
        let caught = meshed.inbound.get(family).seen();
        assert_eq!(caught.last().and_then(|(_, original)| *original), Some(application), "{family}");
        let peer = meshed.peer().at(family, 9000);
        assert_eq!(call(&meshed.pod().namespace, peer, None)?, "outbound", "{family}");
        let caught = meshed.outbound.get(family).seen();
        assert_eq!(caught.last().and_then(|(_, original)| *original), Some(peer), "{family}");
    }
    Ok(())
}

fn mark_escapes() -> Said {
    let meshed = meshed(&Redirect::default())?;
    let (pod, mark) = (&meshed.pod().namespace, Some(1337));
    for family in IpFamily::BOTH {
        assert_eq!(call(pod, meshed.peer().at(family, 9000), mark)?, "peer", "{family}");
        let loopback = match family {
            IpFamily::IPv4 => SocketAddr::from(([127, 0, 0, 1], 8080)),
            IpFamily::IPv6 => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 8080)),
        };
        assert_eq!(call(pod, loopback, None)?, "application", "the application's own loopback, {family}");
        assert_eq!(call(pod, loopback, mark)?, "application", "the sidecar to the application, {family}");
        // The sidecar comes to its own pod's address as others do; the application does not leave the pod for that.
        assert_eq!(call(pod, meshed.pod().at(family, 8080), mark)?, "inbound", "{family}");
        assert_eq!(call(pod, meshed.pod().at(family, 8080), None)?, "application", "{family}");
        // From its own source address, the sidecar reaches the application behind any address of the pod.
        let target = meshed.pod().at(family, 8080);
        let source = SocketAddr::new(Redirect::loopback_source(family), 0);
        let socket = socket2::Socket::from(pod.unconnected(target, mark)?);
        socket.bind(&source.into())?;
        socket.connect_timeout(&target.into(), crate::site::LIMIT)?;
        let mut word = String::new();
        std::io::Read::read_to_string(&mut std::net::TcpStream::from(socket), &mut word)?;
        assert_eq!(word, "application", "{family}");
    }
    Ok(())
}

fn ports_left_out() -> Said {
    let network = |text: &str| text.parse::<ipnet::IpNet>();
    let excluding = Redirect { excluded_outbound_ports: vec![9001], ..Redirect::default() };
    let only = Redirect {
        inbound: InboundPorts::Only(vec![9999]),
        outbound: OutboundPorts::Only(vec![9001]),
        ..Redirect::default()
    };
    let direct = Redirect {
        excluded_outbound_networks: vec![network("10.244.0.0/16")?, network("fd00:10:244::/64")?],
        ..Redirect::default()
    };
    for (redirect, to_application, to_9000, to_9001) in [
        (Redirect::default(), "inbound", "outbound", "outbound"),
        (excluding, "inbound", "outbound", "peer"),
        (only, "application", "peer", "outbound"),
        (direct, "inbound", "peer", "peer"),
    ] {
        let meshed = meshed(&redirect)?;
        for family in IpFamily::BOTH {
            let incoming = |port| call(&meshed.peer().namespace, meshed.pod().at(family, port), None);
            let outgoing = |port| call(&meshed.pod().namespace, meshed.peer().at(family, port), None);
            let said = [incoming(8080)?, incoming(15021)?, incoming(15008)?, outgoing(9000)?, outgoing(9001)?];
            assert_eq!(said, [to_application, "ready", "tunnel", to_9000, to_9001], "{family} of {redirect:?}");
        }
    }
    Ok(())
}

fn one_family() -> Said {
    let redirect = Redirect { families: PerFamily { v4: true, v6: false }, ..Redirect::default() };
    let meshed = meshed(&redirect)?;
    for (family, caught) in [(IpFamily::IPv4, "inbound"), (IpFamily::IPv6, "application")] {
        assert_eq!(call(&meshed.peer().namespace, meshed.pod().at(family, 8080), None)?, caught);
    }
    let mut tables = Redirect::default().tables();
    for table in &mut tables {
        let chain = table.chain_mut("ISTIO_OUTPUT").ok_or("the chain")?;
        chain.rules.pop();
    }
    // Without its last rule nothing goes out by the sidecar (istio/istio#19940).
    meshed.site.pods[0].namespace.filter().replace(&tables)?;
    for family in IpFamily::BOTH {
        assert_eq!(call(&meshed.pod().namespace, meshed.peer().at(family, 9000), None)?, "peer");
        assert_eq!(call(&meshed.peer().namespace, meshed.pod().at(family, 8080), None)?, "inbound");
        meshed.pod().namespace.filter().remove(family, "nat")?;
        assert_eq!(call(&meshed.peer().namespace, meshed.pod().at(family, 8080), None)?, "application");
    }
    assert!(refusal(&meshed.peer().namespace, meshed.pod().at(IpFamily::IPv6, 8081)).is_some());
    Ok(())
}
