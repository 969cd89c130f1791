//! Reading back, by the parsers that read a node's tools.

use dualproof_dump::bundle::layout::NETNS_FILES;
use dualproof_dump::netns;
use dualproof_model::evidence::{ListeningSocket, Match, Protocol};
use dualproof_model::family::{IpFamily, PerFamily};
use dualproof_netns::inspect::{FILES, File};
use dualproof_netns::traffic::Redirect;
use libtest_mimic::Trial;

use crate::site::Site;
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("readback::rules_are_what_was_asked", rules_as_asked),
        trial("readback::rules_are_those_that_istio_init_leaves", as_istio),
        trial("readback::both_families_have_the_same_rules", parity),
        trial("readback::a_lost_family_shows", lost_family),
        trial("readback::addresses_routes_and_sockets_are_there", the_rest),
        trial("readback::the_files_are_those_of_a_bundle", names),
        trial("readback::iptables_and_nft_agree_where_they_are", oracles),
    ]
}

/// The log of an `istio-init` that ran on a real cluster.
const RECORDED: &str =
    include_str!("../../../../samples/bundles/istio-1.31-v4-v6/logs/sleep/sleep-6448b89789-cdvw9/istio-init.log");

fn rules_as_asked() -> Said {
    let site = Site::new(1)?;
    let redirect = Redirect {
        excluded_outbound_ports: vec![22, 5432],
        excluded_outbound_networks: vec!["10.0.0.0/9".parse()?, "fd00:1::/33".parse()?],
        ..Redirect::default()
    };
    site.pods[0].namespace.redirect(&redirect)?;
    for table in redirect.tables() {
        assert_eq!(site.pods[0].namespace.filter().tables(table.family)?, [table]);
    }
    let text = File::Rules(IpFamily::IPv6).read(&site.pods[0].namespace)?;
    assert!(text.contains("-A ISTIO_OUTPUT -d fd00:1::/33 -j RETURN\n"), "{text}");
    Ok(())
}

fn as_istio() -> Said {
    let site = Site::new(1)?;
    site.pods[0].namespace.redirect(&Redirect::default())?;
    for (family, title) in [(IpFamily::IPv4, "(IPv4):"), (IpFamily::IPv6, "(IPv6):")] {
        let (_, state) = RECORDED.split_once(&format!("Final iptables state {title}")).ok_or("the final state")?;
        let is_rule = |line: &&str| line.starts_with(['*', ':', '-']);
        let recorded: Vec<String> = state
            .lines()
            .take_while(|line| !line.starts_with("# Completed"))
            .filter(is_rule)
            // The second block, for the group, is the first again where the mark stands for both.
            .filter(|line| !line.contains("--gid-owner"))
            .map(|line| line.replace("-m owner --uid-owner 1337", "-m mark --mark 0x539"))
            .map(|line| line.replace("-m owner ! --uid-owner 1337", "-m mark ! --mark 0x539"))
            .collect();
        let text = File::Rules(family).read(&site.pods[0].namespace)?;
        let own: Vec<&str> = text.lines().filter(is_rule).collect();
        assert_eq!(own, recorded, "{family}");
    }
    Ok(())
}

fn parity() -> Said {
    let site = Site::new(1)?;
    site.pods[0].namespace.redirect(&Redirect::default())?;
    let mut neutral = Vec::new();
    for family in IpFamily::BOTH {
        let text = File::Rules(family).read(&site.pods[0].namespace)?;
        let rules = netns::rules(text.as_bytes(), family, "here")?;
        let matchers = rules.tables.iter().flat_map(|table| &table.chains).flat_map(|chain| &chain.rules);
        assert!(matchers.flat_map(|rule| &rule.matchers).all(|matcher| !matches!(matcher.what, Match::Other(_))));
        let ports = |chain| {
            rules
                .reachable("nat", chain)
                .iter()
                .filter_map(|rule| rule.target.as_ref()?.port)
                .map(|port| port.first)
                .collect::<Vec<_>>()
        };
        assert_eq!(ports("PREROUTING"), [15006]);
        assert!(ports("OUTPUT").contains(&15001));
        let meanings = rules.neutral().into_iter().map(|(key, chain)| {
            let meanings: Vec<String> = chain.rules.into_iter().map(|rule| rule.meaning).collect();
            (key, chain.policy, meanings)
        });
        neutral.push(meanings.collect::<Vec<_>>());
    }
    assert_eq!(neutral[0], neutral[1]);
    let json = File::Tables.read(&site.pods[0].namespace)?;
    assert_eq!(netns::native_tables(json.as_bytes(), "here")?, [""; 0], "both are iptables' own tables");
    Ok(())
}

fn lost_family() -> Said {
    let site = Site::new(1)?;
    let redirect = Redirect { families: PerFamily { v4: true, v6: false }, ..Redirect::default() };
    site.pods[0].namespace.redirect(&redirect)?;
    let text = File::Rules(IpFamily::IPv6).read(&site.pods[0].namespace)?;
    let rules = netns::rules(text.as_bytes(), IpFamily::IPv6, "here")?;
    assert!(rules.tables.is_empty());
    let interfaces = netns::addresses(File::Addresses.read(&site.pods[0].namespace)?.as_bytes(), "here")?;
    let source = Redirect::loopback_source(IpFamily::IPv6);
    assert!(interfaces.iter().flat_map(|interface| &interface.addresses).all(|net| net.addr() != source));
    Ok(())
}

fn the_rest() -> Said {
    let site = Site::new(1)?;
    let pod = &site.pods[0];
    pod.namespace.redirect(&Redirect::default())?;
    let interfaces = netns::addresses(File::Addresses.read(&pod.namespace)?.as_bytes(), "here")?;
    let of =
        |name: &str| interfaces.iter().find(|interface| interface.name == name).map(|interface| &interface.addresses);
    let eth0 = of("eth0").ok_or("eth0")?;
    let lo = of("lo").ok_or("lo")?;
    for family in IpFamily::BOTH {
        assert!(eth0.contains(&(*pod.addresses.get(family)).into()), "{eth0:?}");
    }
    for address in ["127.0.0.1/8", "::1/128", "::6/128"] {
        assert!(lo.contains(&address.parse()?), "{lo:?}");
    }
    for (family, gateway) in [(IpFamily::IPv4, "169.254.1.1"), (IpFamily::IPv6, "fe80::1")] {
        let routes = netns::routes(File::Routes(family).read(&pod.namespace)?.as_bytes(), "here")?;
        let default = routes.iter().find(|route| route.destination == "default" && route.table == "main");
        let default = default.ok_or("a default route")?;
        assert_eq!((default.gateway, default.device.as_str()), (Some(gateway.parse()?), "eth0"));
        let own = pod.addresses.get(family).to_string();
        assert!(
            routes.iter().any(|route| (route.destination.as_str(), route.kind.as_str(), route.table.as_str())
                == (&own, "local", "local")),
            "{routes:?}"
        );
    }
    let _listener = pod.namespace.listen(pod.at(IpFamily::IPv6, 9000))?;
    let sockets =
        netns::sockets(File::Sockets("tcp6").read(&pod.namespace)?.as_bytes(), IpFamily::IPv6, Protocol::Tcp, "here")?;
    assert_eq!(sockets, [ListeningSocket { protocol: Protocol::Tcp, address: pod.at(IpFamily::IPv6, 9000), uid: 0 }]);
    Ok(())
}

fn names() -> Said {
    assert_eq!(FILES.map(File::name).map(|name| name.to_owned()), NETNS_FILES.map(str::to_owned));
    let site = Site::new(1)?;
    for file in FILES {
        assert!(!file.read(&site.pods[0].namespace)?.is_empty(), "{file:?}");
    }
    Ok(())
}

/// Asks the system's own programs, where they are.
fn oracles() -> Said {
    let site = Site::new(1)?;
    let pod = &site.pods[0].namespace;
    pod.redirect(&Redirect::default())?;
    let asked = |program: &str, arguments: &[&str]| -> Result<Option<String>, Box<dyn std::error::Error>> {
        let mut command = std::process::Command::new(program);
        command.args(arguments).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
        match pod.spawn(command) {
            Ok(child) => Ok(Some(String::from_utf8(child.wait_with_output()?.stdout)?)),
            Err(_) => Ok(None),
        }
    };
    if let Some(text) = asked("nft", &["list", "ruleset"])? {
        for line in [
            "ip6 saddr ::6 oifname \"lo\" return",
            "ip saddr 127.0.0.6 oifname \"lo\" return",
            "meta mark 0x00000539 return",
            "redirect to :15001",
            "redirect to :15006",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
    for (option, file) in [("-4", File::Routes(IpFamily::IPv4)), ("-6", File::Routes(IpFamily::IPv6))] {
        let Some(text) = asked("ip", &["-j", option, "route", "show", "table", "all"])? else { continue };
        assert_eq!(netns::routes(file.read(pod)?.as_bytes(), "here")?, netns::routes(text.as_bytes(), "there")?);
    }
    if let Some(text) = asked("ip", &["-j", "addr"])? {
        assert_eq!(
            netns::addresses(File::Addresses.read(pod)?.as_bytes(), "here")?,
            netns::addresses(text.as_bytes(), "there")?
        );
    }
    Ok(())
}
