//! Network namespaces: what nodes printed on real clusters, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the samples are files")]

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_dump::{DumpError, netns};
use dualproof_model::check::{self, Case, Judged};
use dualproof_model::evidence::{
    Evidence, IdRange, Manifest, Match, Matcher, NetnsSource, PacketFilter, PodRef, PortRange, Protocol, RuleSet,
    RuleTarget,
};
use dualproof_model::family::IpFamily::{self, IPv4, IPv6};
use dualproof_model::spec;
use dualproof_model::verdict::{Finding, Holds};
use proptest::collection::vec;
use proptest::prelude::*;

/// `server` and `faulty` are one pod of a mesh in mode REDIRECT, before and after its IPv6 rules were flushed and `::6` was deleted; `rich` has every
/// annotation about the redirect and DNS capture, `tproxy` has mode TPROXY. Istio 1.31.0-lab, kind, IPv6 first; the logs of `rich` and `tproxy` are
/// from an IPv4-first cluster.
const PODS: [&str; 4] = ["server", "faulty", "rich", "tproxy"];

fn data(pod: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/netns").join(pod)
}

fn read(pod: &str, file: &str) -> Vec<u8> {
    fs::read(data(pod).join(file)).unwrap()
}

fn rules(pod: &str, family: IpFamily) -> RuleSet {
    let file = if family == IPv4 { layout::IPTABLES } else { layout::IP6TABLES };
    netns::rules(&read(pod, file), family, file).unwrap()
}

fn pod() -> PodRef {
    PodRef { namespace: "dual-stack".to_owned(), name: "tcp-echo-1".to_owned() }
}

/// Parses a file of a namespace as the reader of bundles does.
fn parse(file: &str, bytes: &[u8]) -> Result<(), DumpError> {
    match file {
        layout::IPTABLES => netns::rules(bytes, IPv4, file).map(drop),
        layout::IP6TABLES => netns::rules(bytes, IPv6, file).map(drop),
        layout::NFT => netns::native_tables(bytes, file).map(drop),
        layout::ADDRESSES => netns::addresses(bytes, file).map(drop),
        layout::ROUTES | layout::ROUTES6 => netns::routes(bytes, file).map(drop),
        layout::TCP => netns::sockets(bytes, IPv4, Protocol::Tcp, file).map(drop),
        layout::TCP6 => netns::sockets(bytes, IPv6, Protocol::Tcp, file).map(drop),
        layout::UDP => netns::sockets(bytes, IPv4, Protocol::Udp, file).map(drop),
        layout::UDP6 => netns::sockets(bytes, IPv6, Protocol::Udp, file).map(drop),
        _ => panic!("no parser for {file}"),
    }
}

#[test]
fn both_packet_filters_are_told_apart_and_no_rule_is_lost() {
    for family in IpFamily::BOTH {
        let rules = rules("server", family);
        let tables: Vec<_> = rules.tables.iter().map(|table| (table.filter, table.name.as_str())).collect();
        assert_eq!(tables, [(PacketFilter::Nft, "nat"), (PacketFilter::Legacy, "nat")], "{family}");
        let chain = |name: &str| rules.tables[0].chains.iter().find(|chain| chain.name == name).unwrap();
        let counts = ["PREROUTING", "OUTPUT", "ISTIO_INBOUND", "ISTIO_IN_REDIRECT", "ISTIO_OUTPUT", "ISTIO_REDIRECT"]
            .map(|name| chain(name).rules.len());
        assert_eq!(counts, [1, 1, 5, 1, 9, 1], "{family}");
        assert_eq!(chain("OUTPUT").policy.as_deref(), Some("ACCEPT"));
        assert_eq!(chain("ISTIO_OUTPUT").policy, None);
        let target = chain("ISTIO_IN_REDIRECT").rules[0].target.as_ref().unwrap();
        assert_eq!(target.port, Some(PortRange { first: 15006, last: 15006 }));
        assert_eq!(rules.reachable("nat", "PREROUTING").len(), 7, "{family}");
    }
    let source: IpAddr = "::6".parse().unwrap();
    let first = &rules("server", IPv6).tables[0].chains[6].rules[0];
    assert_eq!(first.text, "-s ::6/128 -o lo -j RETURN");
    assert!(matches!(first.matchers[0].what, Match::Source(net) if net.addr() == source && net.prefix_len() == 128));
}

#[test]
fn nothing_in_real_rules_is_unknown_but_what_says_so() {
    let mut unknown = Vec::new();
    for pod in ["server", "rich", "tproxy"] {
        for family in IpFamily::BOTH {
            let rules = rules(pod, family);
            let all = rules.tables.iter().flat_map(|table| &table.chains).flat_map(|chain| &chain.rules);
            for matcher in all.flat_map(|rule| &rule.matchers) {
                if let Match::Other(text) = &matcher.what {
                    unknown.push(text.clone());
                }
            }
        }
    }
    unknown.sort();
    unknown.dedup();
    assert_eq!(unknown, ["-m connmark --mark 0x539", "-m conntrack --ctstate RELATED,ESTABLISHED"]);
}

#[test]
fn both_families_of_real_pods_are_the_same_without_their_family() {
    for pod in ["server", "rich", "tproxy"] {
        let (v4, v6) = (rules(pod, IPv4).neutral(), rules(pod, IPv6).neutral());
        let meanings =
            |chains: &std::collections::BTreeMap<(String, String), dualproof_model::evidence::NeutralChain>| {
                let meanings = chains.iter().map(|(key, chain)| {
                    (key.clone(), chain.rules.iter().map(|rule| rule.meaning.clone()).collect::<Vec<_>>())
                });
                meanings.collect::<Vec<_>>()
            };
        assert!(v4.len() > 5, "{pod}: {v4:#?}");
        assert_eq!(meanings(&v4), meanings(&v6), "{pod}");
    }
    // Flushed chains do nothing; what is left is a rule that somebody wrote into the other packet filter.
    let left = rules("faulty", IPv6).neutral();
    let left: Vec<_> =
        left.iter().flat_map(|(key, chain)| chain.rules.iter().map(move |rule| (key, &rule.text))).collect();
    let output = ("nat".to_owned(), "OUTPUT".to_owned());
    assert_eq!(left, [(&output, &"-d fd00::1/128 -j ACCEPT".to_owned())]);
}

#[test]
fn the_log_of_the_init_container_tells_the_same_rules_as_the_node() {
    let log = netns::init_log(&read("server", "istio-init.log"), &pod(), "log").unwrap();
    assert_eq!((log.source, log.place.as_str()), (NetnsSource::InitLog, "log"));
    for family in IpFamily::BOTH {
        let (told, seen) = (log.rules.get(family).as_ref().unwrap(), rules("server", family));
        assert_eq!(told.neutral(), seen.neutral(), "{family}");
    }
    assert_eq!(log.binds_on_loopback(&"::6".parse().unwrap()), Some(true));
    for pod_name in ["rich", "tproxy"] {
        let log = netns::init_log(&read(pod_name, "istio-init.log"), &pod(), "log").unwrap();
        let [v4, v6] = IpFamily::BOTH.map(|family| log.rules.get(family).as_ref().unwrap().neutral());
        assert_eq!(v4.keys().collect::<Vec<_>>(), v6.keys().collect::<Vec<_>>(), "{pod_name}");
    }
}

#[test]
fn a_log_that_breaks_off_tells_no_more_than_it_has() {
    let log = String::from_utf8(read("server", "istio-init.log")).unwrap();
    let before = log.find("Added ::6").unwrap();
    let second_run = netns::init_log(&log.as_bytes()[..before], &pod(), "log").unwrap();
    assert_eq!(second_run.binds_on_loopback(&"::6".parse().unwrap()), None, "nobody said that it was added");
    let inside = log.rfind("-A ISTIO_REDIRECT").unwrap();
    let cut = netns::init_log(&log.as_bytes()[..inside], &pod(), "log").unwrap();
    assert!(cut.rules.v4.is_some() && cut.rules.v6.is_none());
    let environment = log.find("Final iptables state").unwrap();
    assert!(netns::init_log(&log.as_bytes()[..environment], &pod(), "log").is_none(), "input is not state");
}

#[test]
fn addresses_routes_and_sockets_are_as_the_node_printed_them() {
    let interfaces = netns::addresses(&read("server", layout::ADDRESSES), "p").unwrap();
    let spelled: Vec<String> = interfaces
        .iter()
        .map(|one| {
            format!("{} {}", one.name, one.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        })
        .collect();
    assert_eq!(spelled[0], "lo 127.0.0.1/8 ::6/128 ::1/128");
    assert!(spelled[1].starts_with("eth0 10.244.0.5/24 fd00:10:244::5/64 fe80::"), "{spelled:?}");
    let faulty = netns::addresses(&read("faulty", layout::ADDRESSES), "p").unwrap();
    assert_eq!(faulty[0].addresses.len(), 2, "without ::6: {faulty:?}");

    let routes = netns::routes(&read("server", layout::ROUTES6), "p").unwrap();
    let default = routes.iter().find(|route| route.destination == "default").unwrap();
    assert_eq!((default.kind.as_str(), default.table.as_str(), default.device.as_str()), ("unicast", "main", "eth0"));
    assert_eq!(default.gateway, Some("fd00:10:244::1".parse().unwrap()));
    assert!(netns::routes(&read("tproxy", layout::ROUTES6), "p").unwrap().iter().any(|route| route.table == "133"));

    let tcp = netns::sockets(&read("server", layout::TCP), IPv4, Protocol::Tcp, "p").unwrap();
    let ports: Vec<u16> = tcp.iter().map(|socket| socket.address.port()).collect();
    assert_eq!(ports, [15001, 15006, 15021, 15090], "each once, though Envoy has two threads");
    assert!(tcp.iter().all(|socket| socket.uid == 1337 && socket.address.ip().is_unspecified()));
    let tcp6 = netns::sockets(&read("server", layout::TCP6), IPv6, Protocol::Tcp, "p").unwrap();
    let admin: SocketAddr = "[::1]:15000".parse().unwrap();
    assert!(tcp6.iter().any(|socket| socket.address == admin), "{tcp6:?}");
    let udp6 = netns::sockets(&read("rich", layout::UDP6), IPv6, Protocol::Udp, "p").unwrap();
    assert_eq!(udp6.iter().map(|socket| socket.address.to_string()).collect::<Vec<_>>(), ["[::1]:15053"]);
    assert!(netns::native_tables(&read("server", layout::NFT), "p").unwrap().is_empty());
}

#[test]
fn native_tables_are_those_that_iptables_does_not_know() {
    let ruleset = br#"{"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "ip", "name": "nat", "handle": 1}},
        {"table": {"family": "inet", "name": "istio-proxy-nat", "handle": 2}}, {"chain": {"family": "ip", "table": "nat", "name": "X"}}]}"#;
    assert_eq!(netns::native_tables(ruleset, "p").unwrap(), ["inet istio-proxy-nat"]);
}

#[test]
fn a_bundle_tells_of_a_namespace_and_the_log_stands_in_where_nobody_looked() {
    let dir = tempfile::tempdir().unwrap();
    let writer = Writer::create(dir.path()).unwrap();
    let other = PodRef { namespace: "sleep".to_owned(), name: "sleep-1".to_owned() };
    for file in layout::NETNS_FILES {
        writer.add_parsed(&layout::netns_file(&pod(), file), read("server", file)).unwrap();
    }
    for one in [&pod(), &other] {
        writer.add(&layout::proxy_file(one, layout::SERVER_INFO), br#"{"version":"x/1.39.3"}"#).unwrap();
        writer.add(&layout::log(one, "istio-init"), read("server", "istio-init.log")).unwrap();
    }
    writer.save(Manifest::default()).unwrap();
    let evidence = bundle::read(dir.path()).unwrap().evidence;
    let [seen, told] = evidence.netns.as_slice() else { panic!("{:?}", evidence.netns) };
    assert_eq!((seen.source, seen.place.as_str()), (NetnsSource::Node, "netns/dual-stack/tcp-echo-1"));
    assert_eq!(seen.rules.v6.as_ref().unwrap().place, "netns/dual-stack/tcp-echo-1/ip6tables-save");
    assert_eq!(seen.routes.v4.as_ref().unwrap().len(), 8);
    assert_eq!(seen.sockets.v4.as_ref().unwrap().len(), 4);
    assert_eq!((told.source, told.place.as_str()), (NetnsSource::InitLog, "logs/sleep/sleep-1/istio-init.log"));
    assert_eq!(told.pod, other);
    assert!(told.rules.v4.is_some() && told.routes.v4.is_none());
}

/// Judges K10 for the seed's dual-stack scenario over a recorded bundle, after a change of its namespaces.
fn judge(sample: &str, change: impl FnOnce(&mut Evidence)) -> Vec<Finding> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut evidence = bundle::read(&root.join("samples/bundles").join(sample)).unwrap().evidence;
    change(&mut evidence);
    let file = "scenarios/seed/dual-stack.yaml";
    let scenario = spec::scenario(file, &fs::read_to_string(root.join(file)).unwrap()).unwrap();
    let check = check::find("K10").unwrap();
    match (check.judge)(&Case::new(&evidence, &scenario, None)) {
        Judged::Findings(findings) => findings,
        Judged::NotApplicable(reason) => panic!("{reason}"),
    }
}

#[test]
fn bundles_from_before_namespaces_were_read_are_judged_by_the_log() {
    for sample in ["istio-1.31-v4-v6", "istio-1.30-v6-v4"] {
        let findings = judge(sample, |_| {});
        let wrong: Vec<_> = findings.iter().filter(|finding| finding.holds != Holds::Yes).collect();
        assert!(wrong.is_empty(), "{sample}: {wrong:#?}");
        for family in IpFamily::BOTH {
            let of_family = findings.iter().filter(|finding| finding.family == Some(family));
            assert!(of_family.clone().count() > 10, "{sample}: {findings:#?}");
            assert!(of_family.into_iter().all(|finding| finding.place.contains("istio-init.log")), "{sample}");
        }
    }
}

#[test]
fn what_a_node_printed_after_real_faults_is_red() {
    let with = |pod_name: &'static str| {
        move |evidence: &mut Evidence| {
            let server = evidence.netns.iter_mut().find(|netns| netns.pod.namespace == "dual-stack").unwrap();
            let place = layout::netns(&server.pod);
            server.rules.v4 = Some(rules("server", IPv4));
            server.rules.v6 = Some(rules(pod_name, IPv6));
            server.interfaces = Some(netns::addresses(&read(pod_name, layout::ADDRESSES), "p").unwrap());
            (server.source, server.place) = (NetnsSource::Node, place);
            let own = server.pod.clone();
            let pod = evidence.objects.pods.iter_mut().find(|pod| pod.pod_ref() == own).unwrap();
            pod.ips = ["10.244.0.5", "fd00:10:244::5"].map(|text| text.parse().unwrap()).to_vec();
        }
    };
    let green = judge("istio-1.31-v4-v6", with("server"));
    assert!(green.iter().all(|finding| finding.holds == Holds::Yes), "{green:#?}");
    let red = judge("istio-1.31-v4-v6", with("faulty"));
    let broken: Vec<_> =
        red.iter().filter(|finding| finding.holds == Holds::No && finding.family == Some(IPv6)).collect();
    for subject in ["redirect of inbound", "redirect of outbound", "::6 on lo", "rules of nat/ISTIO_OUTPUT"] {
        assert!(broken.iter().any(|finding| finding.subject.starts_with(subject)), "{subject}: {broken:#?}");
    }
    // The one rule that somebody added to IPv6 is what IPv4 lacks.
    let v4: Vec<_> = red.iter().filter(|finding| finding.holds == Holds::No && finding.family == Some(IPv4)).collect();
    assert_eq!(v4.len(), 1, "{v4:#?}");
    assert!(v4[0].seen.contains("-d fd00::1/128 -j ACCEPT"), "{v4:#?}");
}

#[test]
fn a_file_that_is_cut_is_an_error_with_its_name() {
    let mut cuts = 0;
    for file in layout::NETNS_FILES {
        let whole = read("server", file);
        for at in (0..whole.len()).step_by(7) {
            let cut = &whole[..at];
            // An output of whole tables, or a table of whole lines, is what another pod may have.
            let text = String::from_utf8_lossy(cut);
            let last = text.lines().last().unwrap_or_default();
            let is_whole = match file.starts_with("proc-net") {
                true => last.contains("local_address") || last.split_whitespace().count() >= 8,
                false => text.ends_with('\n') && last.starts_with("# Completed"),
            };
            if is_whole {
                continue;
            }
            let Err(error) = parse(file, cut) else { panic!("{file} cut at {at} was taken") };
            assert!(error.to_string().contains(file) && !error.hint().is_empty(), "{file} cut at {at}: {error}");
            cuts += 1;
        }
    }
    assert!(cuts > 2000, "only {cuts} cuts were tried");
}

#[test]
fn what_is_no_rule_is_refused_with_its_line() {
    let cases: [(&[u8], &str); 8] = [
        (b"", "is empty"),
        (b"iptables-save: command not found\n", "text that begins"),
        (b"*nat\n:OUTPUT ACCEPT [0:0]\n-A NOBODY -j RETURN\nCOMMIT\n", "line 3: `-A NOBODY -j RETURN` is not"),
        (b"*nat\n:OUTPUT\nCOMMIT\n", "line 2"),
        (b"*nat\nhello\nCOMMIT\n", "line 2"),
        (b"*nat\n:OUTPUT ACCEPT [0:0]\n", "breaks off at line 2"),
        (b"# Generated by iptables-save v1.8.9 on\n", "breaks off at line 1"),
        (b"# iptables-save\n-A OUTPUT -j RETURN\n", "line 2"),
    ];
    for (bytes, said) in cases {
        let error = netns::rules(bytes, IPv4, "p").unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(netns::rules(b"# iptables-nft-save\n# iptables-legacy-save\n", IPv4, "p").unwrap().tables.is_empty());
    let counted = b"*nat\n:OUTPUT ACCEPT [3:180]\n[12:720] -A OUTPUT -j RETURN\nCOMMIT\n";
    assert_eq!(netns::rules(counted, IPv4, "p").unwrap().tables[0].chains[0].rules[0].text, "-j RETURN");
}

/// A condition and how `iptables-save` prints it.
fn condition() -> impl Strategy<Value = (Matcher, String)> {
    let what = prop_oneof![
        prop_oneof!["tcp", "udp", "ipv6-icmp", "132"].prop_map(|name| (Match::Protocol(name.clone()), "-p", name)),
        (any::<u128>(), 0..=128_u8).prop_map(|(bits, length)| {
            let net = ipnet::IpNet::new(std::net::Ipv6Addr::from(bits).into(), length).unwrap();
            (Match::Source(net), "-s", net.to_string())
        }),
        (any::<u32>(), 0..=32_u8).prop_map(|(bits, length)| {
            let net = ipnet::IpNet::new(std::net::Ipv4Addr::from(bits).into(), length).unwrap();
            (Match::Destination(net), "-d", net.to_string())
        }),
        "[a-z]{1,8}[0-9+]?".prop_map(|name| (Match::OutInterface(name.clone()), "-o", name)),
        "[a-z]{1,8}[0-9+]?".prop_map(|name| (Match::InInterface(name.clone()), "-i", name)),
    ];
    let plain = (any::<bool>(), what).prop_map(|(negated, (what, flag, value))| {
        let text = format!("{}{flag} {value}", if negated { "! " } else { "" });
        (Matcher { negated, what }, text)
    });
    let inside = |module: &'static str, option: &'static str| {
        move |negated: bool, value: &str| format!("-m {module} {}{option} {value}", if negated { "! " } else { "" })
    };
    let port = (any::<bool>(), any::<u16>(), any::<u16>()).prop_map(move |(negated, one, other)| {
        let range = PortRange { first: one.min(other), last: one.max(other) };
        let text = inside("tcp", "--dport")(negated, &range.to_string().replace('-', ":"));
        (Matcher { negated, what: Match::DestinationPorts(vec![range]) }, text)
    });
    let owner = (any::<bool>(), any::<u32>(), any::<u32>()).prop_map(move |(negated, one, other)| {
        let range = IdRange { first: one.min(other), last: one.max(other) };
        (Matcher { negated, what: Match::UidOwner(range) }, inside("owner", "--uid-owner")(negated, &range.to_string()))
    });
    let mark = (any::<bool>(), any::<u32>(), any::<u32>()).prop_map(move |(negated, value, mask)| {
        let text = inside("mark", "--mark")(negated, &format!("{value:#x}/{mask:#x}"));
        (Matcher { negated, what: Match::Mark { value, mask } }, text)
    });
    let strange = ("[a-z]{3,9}", "[a-z]{2,9}", "[a-zA-Z0-9_.,:]{1,12}").prop_map(|(module, option, value)| {
        let text = format!("-m x{module} ! --{option} {value}");
        (Matcher { negated: false, what: Match::Other(text.clone()) }, text)
    });
    let quoted = r#"[a-z !\-]{0,12}"#.prop_map(|said| {
        let text = format!("-m comment --comment \"{said}\"");
        (Matcher { negated: false, what: Match::Other(text.clone()) }, text)
    });
    prop_oneof![3 => plain, 1 => port, 1 => owner, 1 => mark, 1 => strange, 1 => quoted]
}

proptest! {
    #[test]
    fn each_rule_is_read_as_it_was_printed(conditions in vec(condition(), 0..6), port in any::<u16>(), goes in any::<bool>()) {
        let mut words: Vec<String> = conditions.iter().map(|(_, text)| text.clone()).collect();
        words.push(if goes { "-g OTHER".to_owned() } else { format!("-j REDIRECT --to-ports {port}") });
        let text = words.join(" ");
        let save = format!("*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT {text}\nCOMMIT\n");
        let rules = netns::rules(save.as_bytes(), IPv6, "p").unwrap();
        let rule = &rules.tables[0].chains[0].rules[0];
        prop_assert_eq!(&rule.text, &text);
        prop_assert_eq!(&rule.matchers, &conditions.into_iter().map(|(matcher, _)| matcher).collect::<Vec<_>>());
        let target = match goes {
            true => RuleTarget { name: "OTHER".to_owned(), goes, ..RuleTarget::default() },
            false => RuleTarget {
                name: "REDIRECT".to_owned(),
                goes,
                port: Some(PortRange { first: port, last: port }),
                options: format!("--to-ports {port}"),
            },
        };
        prop_assert_eq!(rule.target.as_ref(), Some(&target));
    }

    #[test]
    fn a_socket_is_read_as_the_kernel_prints_it(bits in any::<u128>(), port in any::<u16>(), uid in any::<u32>(), is_v4 in any::<bool>()) {
        let hex = |bytes: &[u8]| bytes.chunks_exact(4).map(|word| format!("{:08X}", u32::from_le_bytes(word.try_into().unwrap()))).collect::<String>();
        let (family, ip, printed) = if is_v4 {
            let ip = std::net::Ipv4Addr::from((bits & u128::from(u32::MAX)) as u32);
            (IPv4, IpAddr::from(ip), hex(&ip.octets()))
        } else {
            let ip = std::net::Ipv6Addr::from(bits);
            (IPv6, IpAddr::from(ip), hex(&ip.octets()))
        };
        let peer = "0".repeat(printed.len());
        let table = format!("sl local_address rem_address st\n 0: {printed}:{port:04X} {peer}:0000 0A 0:0 00:0 0 {uid} 0 1\n");
        let sockets = netns::sockets(table.as_bytes(), family, Protocol::Tcp, "p").unwrap();
        prop_assert_eq!(sockets.len(), 1);
        prop_assert_eq!((sockets[0].address, sockets[0].uid), (SocketAddr::new(ip, port), uid));
    }

    #[test]
    fn any_bytes_are_answered(index in 0..PODS.len(), cut in any::<prop::sample::Index>(), junk in vec(any::<u8>(), 0..40)) {
        let file = [layout::IP6TABLES, layout::ADDRESSES][cut.index(2)];
        let mut bytes = fs::read(data(PODS[index]).join(file)).unwrap_or_default();
        let at = cut.index(bytes.len() + 1);
        bytes.splice(at..at, junk);
        for file in layout::NETNS_FILES {
            if let Err(error) = parse(file, &bytes) {
                prop_assert!(error.to_string().starts_with(file) && !error.hint().is_empty());
            }
        }
        prop_assert!(netns::init_log(&bytes, &pod(), "p").is_none_or(|netns| netns.place == "p"));
    }
}
