//! Links, addresses, routes, files.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use dualproof_model::family::IpFamily;
use dualproof_netns::link::{Change, Route, RouteKind};
use dualproof_netns::{Namespace, NetnsError};
use libtest_mimic::Trial;

use crate::site::{Server, Site, call, refusal};
use crate::{Said, life, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("links::two_pods_reach_each_other_over_both_families", pods_reach_each_other),
        trial("links::addresses_can_be_bound_at_once", addresses_at_once),
        trial("links::a_way_that_was_closed_is_closed", closed_ways),
        trial("links::mistakes_are_told_with_their_place", mistakes),
        trial("links::a_child_sees_its_namespace_and_its_files", child_and_files),
        trial("links::a_panic_inside_is_told_and_the_namespace_lives_on", panics),
    ]
}

fn pods_reach_each_other() -> Said {
    let site = Site::new(2)?;
    for family in IpFamily::BOTH {
        let server = site.pods[1].at(family, 9000);
        let seen = Server::start(&site.pods[1].namespace, server, "one")?;
        assert_eq!(call(&site.pods[0].namespace, server, None)?, "one", "{family}");
        let callers: Vec<_> = seen.seen().iter().map(|(caller, _)| caller.ip()).collect();
        assert_eq!(callers, [*site.pods[0].addresses.get(family)], "the source is the pod's own");
    }
    Ok(())
}

fn addresses_at_once() -> Said {
    let namespace = Namespace::new("alone")?;
    let other = Namespace::new("other")?;
    namespace.join("eth0", &other, "eth0")?;
    namespace.apply(&[Change::address("eth0", "fd00::1/64".parse()?)])?;
    // With a duplicate looked for, binding fails for a second.
    namespace.listen("[fd00::1]:80".parse()?)?;
    Ok(())
}

fn closed_ways() -> Said {
    let site = Site::new(1)?;
    let client = &site.pods[0].namespace;
    for (net, address) in [("203.0.113.0/24", "203.0.113.7:80"), ("2001:db8::/32", "[2001:db8::7]:80")] {
        let route = Route { to: net.parse()?, kind: RouteKind::Unreachable, source: None };
        client.apply(&[Change::Route(route.clone())])?;
        let closed = refusal(client, address.parse()?);
        assert!(matches!(closed, Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable)), "{closed:?}");
        client.apply(&[Change::NoRoute(route)])?;
    }
    let family = IpFamily::IPv6;
    let server = site.pods[0].at(family, 9000);
    Server::start(client, server, "up")?;
    assert_eq!(call(&site.node, server, None)?, "up");
    client.apply(&[Change::down("eth0")])?;
    let left = client.links().interfaces()?;
    let eth0 = left.iter().find(|interface| interface.name == "eth0").ok_or("eth0 is there")?;
    assert!(!eth0.is_up && eth0.addresses.iter().all(|address| address.net.addr().is_ipv4()), "{eth0:?}");
    site.node.apply(&[Change::Delete { interface: "veth0".to_owned() }])?;
    let names: Vec<_> = client.links().interfaces()?.into_iter().map(|interface| interface.name).collect();
    assert_eq!(names, ["lo"], "the other end goes with it");
    Ok(())
}

fn mistakes() -> Said {
    let namespace = Namespace::new("alone")?;
    let up = |name: &str| namespace.apply(&[Change::up(name)]);
    assert!(matches!(up("eth0"), Err(NetnsError::NoInterface { interface, .. }) if interface == "eth0"));
    assert!(matches!(up("a/b"), Err(NetnsError::Value { .. })));
    let address = Change::address("lo", "fd00::1/128".parse()?);
    let twice = namespace.apply(&[address.clone(), address]);
    let Err(NetnsError::Refused { action, namespace: place, source }) = twice else { return Err("refused".into()) };
    assert_eq!((action.as_str(), place.as_str()), ("add the address fd00::1/128 to `lo`", "alone"));
    assert_eq!(source.kind(), ErrorKind::AlreadyExists);
    assert!(namespace.set("../../etc/passwd", "x").is_err());
    let missing = namespace.mount("/nowhere/here".as_ref(), "/etc/hosts".as_ref());
    assert!(matches!(missing, Err(NetnsError::System { source, .. }) if source.kind() == ErrorKind::NotFound));
    Ok(())
}

fn child_and_files() -> Said {
    let folder = tempfile::tempdir()?;
    let (one, other) = (Namespace::new("one")?, Namespace::new("other")?);
    let target = folder.path().join("hosts");
    std::fs::write(&target, "everybody's")?;
    for (namespace, content) in [(&one, "one's"), (&other, "other's")] {
        let own = folder.path().join(content);
        std::fs::write(&own, content)?;
        namespace.mount(&own, &target)?;
    }
    one.apply(&[Change::address("lo", "fd00::1/128".parse()?)])?;
    let told = |namespace: &Namespace| -> Result<(String, bool), Box<dyn std::error::Error>> {
        let mut command = Command::new("/proc/self/exe");
        command.env(life::ROLE, "tell").env(life::FILE, &target).stdout(Stdio::piped());
        let output = namespace.spawn(command)?.wait_with_output()?;
        let text = String::from_utf8(output.stdout)?;
        let (content, table) = text.split_once('\n').ok_or("a line")?;
        Ok((content.to_owned(), table.contains("fd000000000000000000000000000001")))
    };
    assert_eq!(told(&one)?, ("one's".to_owned(), true));
    assert_eq!(told(&other)?, ("other's".to_owned(), false));
    assert_eq!(std::fs::read_to_string(&target)?, "everybody's", "outside nothing has changed");
    Ok(())
}

fn panics() -> Said {
    let namespace = Namespace::new("alone")?;
    let told = namespace.run(|| assert!(std::hint::black_box(false), "on purpose"));
    assert!(matches!(told, Err(NetnsError::Panicked { message, .. }) if message == "on purpose"));
    let address: SocketAddr = "127.0.0.1:0".parse()?;
    namespace.listen(address)?;
    Ok(())
}
