//! Evidence that is not there: never a pass, never a fail, never a panic, and the manifest's reason is told.

use dualproof_model::check::{self, Judged};
use dualproof_model::evidence::{CallOutcome, CallStage, Evidence, Missing, NetnsSource};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::plan::ProviderKind;
use dualproof_model::verdict::{Finding, Holds};

use crate::lab::matrix::{MatrixWorld, OF_CALLS};
use crate::lab::{CLIENT, SERVER, World, findings, ip, judge, netns, proxy};

/// Takes something away from healthy evidence and says so in the manifest.
fn lose(key: &str, what: &str, take: impl FnOnce(&mut Evidence)) -> Vec<Finding> {
    let world = World::seed(FamilyOrder::V4First);
    let mut evidence = world.evidence();
    take(&mut evidence);
    evidence.manifest.missing.push(Missing { what: what.to_owned(), why: "the disk was full".to_owned() });
    findings(key, &evidence, &world.scenario(), &world.shapes)
}

#[track_caller]
fn assert_lost(key: &str, what: &str, findings: &[Finding]) {
    let unknown: Vec<_> = findings.iter().filter(|finding| finding.holds == Holds::Unknown).collect();
    let broken: Vec<_> = findings.iter().filter(|finding| finding.holds == Holds::No).collect();
    assert!(broken.is_empty(), "{key} blames somebody for the loss of {what}: {broken:#?}");
    assert!(!unknown.is_empty(), "{key} does not miss {what}: {findings:#?}");
    assert!(unknown.iter().any(|finding| finding.seen.contains("the disk was full")), "{key}: {unknown:#?}");
}

#[test]
fn nothing_at_all_is_inconclusive_for_every_check() {
    for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
        let world = World::seed(order);
        for check in check::all() {
            let of_calls = OF_CALLS.contains(&check.key);
            let scenario = if of_calls { MatrixWorld::meshed(order).scenario() } else { world.scenario() };
            let Judged::Findings(findings) = judge(check.key, &Evidence::default(), &scenario, &world.shapes) else {
                panic!("{} has no meaning without evidence", check.key)
            };
            let all_unknown = findings.iter().all(|finding| finding.holds == Holds::Unknown);
            assert!(all_unknown && !findings.is_empty(), "{}: {findings:#?}", check.key);
        }
    }
}

#[test]
fn a_lost_service_is_lost_for_all_who_need_it() {
    for key in ["K13", "K42", "K43", "K06", "K11", "K12"] {
        let findings = lose(key, "objects/services.json", |evidence| evidence.objects.services.clear());
        assert_lost(key, "services", &findings);
    }
}

#[test]
fn a_lost_dump_is_lost_for_all_who_read_it() {
    for key in ["K06", "K07", "K08", "K14", "K11", "K12"] {
        let findings = lose(key, &format!("proxies/servers/{SERVER}/config_dump.json"), |evidence| {
            let proxy = proxy(evidence, SERVER);
            (proxy.listeners, proxy.clusters, proxy.endpoints) = Default::default();
        });
        assert_lost(key, "a config dump", &findings);
        let findings = lose(key, &format!("proxies/clients/{CLIENT}"), |evidence| {
            evidence.proxies.retain(|proxy| proxy.pod.name != CLIENT);
        });
        assert_lost(key, "a proxy", &findings);
    }
}

#[test]
fn a_lost_dump_of_a_single_stack_service_is_lost_for_its_claim() {
    let world = World::seed(FamilyOrder::V4First).serving(&[IpFamily::IPv6]);
    let mut evidence = world.evidence();
    evidence.proxies.clear();
    let findings = findings("K13", &evidence, &world.scenario(), &world.shapes);
    assert!(findings.iter().any(|finding| finding.holds == Holds::Unknown && finding.subject.contains(CLIENT)));
    assert!(findings.iter().all(|finding| finding.holds != Holds::No), "{findings:#?}");
}

#[test]
fn each_other_piece_is_missed_by_its_check() {
    type Loss = (&'static str, &'static str, fn(&mut Evidence));
    let cases: [Loss; 11] = [
        ("K41", "objects/nodes.json", |evidence| evidence.objects.nodes.clear()),
        ("K41", "objects/pods.json", |evidence| evidence.objects.pods.clear()),
        ("K41", "objects/services.json", |evidence| evidence.objects.services.clear()),
        ("K41", "dns.jsonl", |evidence| evidence.dns.clear()),
        ("K41", "calls.jsonl", |evidence| {
            evidence.calls.retain(|call| call.stage == CallStage::Mesh);
        }),
        ("K42", "objects/nodes.json", |evidence| {
            evidence.objects.nodes.clear();
            evidence.objects.pods.clear();
        }),
        ("K43", "objects/endpointslices.json", |evidence| evidence.objects.endpoint_slices.clear()),
        ("K07", "mesh/syncz.json", |evidence| evidence.sync = None),
        ("K07", "proxies/clients/curl-1/server_info.json", |evidence| {
            proxy(evidence, CLIENT).info = Default::default()
        }),
        ("K08", "proxies/clients/curl-1/listeners.json", |evidence| proxy(evidence, CLIENT).listener_statuses.clear()),
        ("S01", "calls.jsonl", |evidence| evidence.calls.clear()),
    ];
    for (key, what, take) in cases {
        assert_lost(key, what, &lose(key, what, take));
    }
}

#[test]
fn one_lost_call_of_the_baseline_is_missed() {
    let findings = lose("K41", "calls.jsonl", |evidence| {
        evidence.calls.remove(1);
    });
    assert_eq!(findings.iter().filter(|finding| finding.holds == Holds::Unknown).count(), 1, "{findings:#?}");
    assert_lost("K41", "a call", &findings);
}

#[test]
fn an_exec_that_failed_says_nothing_of_the_connection() {
    for (key, stage) in [("S01", CallStage::Mesh), ("K41", CallStage::Baseline)] {
        let findings = lose(key, "nothing", |evidence| {
            for call in evidence.calls.iter_mut().filter(|call| call.stage == stage) {
                call.outcome = CallOutcome::Lost("the disk was full".to_owned());
                call.stdout.clear();
            }
        });
        assert_lost(key, "an exec", &findings);
    }
}

#[test]
fn an_unknown_version_is_lost_for_those_who_need_its_shapes() {
    let world = World::seed(FamilyOrder::V4First);
    let (scenario, evidence) = (world.scenario(), world.evidence());
    for key in ["K08", "K14", "K11"] {
        let Some(check) = check::find(key) else { panic!("no {key}") };
        let case = check::Case::new(&evidence, &scenario, None);
        let Judged::Findings(findings) = (check.judge)(&case) else { panic!("{key} does not apply") };
        assert!(findings.iter().any(|finding| finding.holds == Holds::Unknown), "{key}: {findings:#?}");
        assert!(findings.iter().all(|finding| finding.holds != Holds::No), "{key}: {findings:#?}");
    }
}

#[test]
fn the_reason_for_one_pod_is_not_that_of_its_namesake() {
    let findings = lose("K06", "proxies/clients/curl-10/config_dump.json", |evidence| {
        evidence.proxies.retain(|proxy| proxy.pod.name != CLIENT);
    });
    let unknown: Vec<_> = findings.iter().filter(|finding| finding.holds == Holds::Unknown).collect();
    assert_eq!(unknown.len(), 1, "{findings:#?}");
    assert!(unknown[0].seen.contains("not in the bundle"), "{unknown:#?}");
}

#[test]
fn a_namespace_that_nobody_could_look_into_is_missed() {
    let findings = lose("K10", &format!("netns/servers/{SERVER}"), |evidence| {
        evidence.netns.retain(|netns| netns.pod.name != SERVER);
    });
    assert_lost("K10", "a namespace", &findings);
    let families: Vec<_> =
        findings.iter().filter(|finding| finding.holds == Holds::Unknown).map(|finding| finding.family).collect();
    assert_eq!(families, [Some(IpFamily::IPv4), Some(IpFamily::IPv6)]);
    for file in ["ip6tables-save", "addr.json"] {
        let findings = lose("K10", &format!("netns/servers/{SERVER}/{file}"), |evidence| {
            let netns = netns(evidence, SERVER);
            if file == "addr.json" { netns.interfaces = None } else { netns.rules.v6 = None }
        });
        assert_lost("K10", file, &findings);
    }
}

#[test]
fn sockets_that_nobody_could_read_are_missed() {
    for file in ["proc-net-tcp", "proc-net-tcp6"] {
        // Other sockets of the family were read all the same.
        let findings = lose("K09", &format!("netns/servers/{SERVER}/{file}"), |evidence| {
            let sockets = &mut netns(evidence, SERVER).sockets;
            let own = if file == "proc-net-tcp" { &mut sockets.v4 } else { &mut sockets.v6 };
            own.iter_mut().for_each(Vec::clear);
        });
        assert_lost("K09", file, &findings);
    }
    let findings = lose("K09", "netns", |evidence| evidence.netns.clear());
    assert_lost("K09", "every namespace", &findings);
}

#[test]
fn where_no_node_can_be_looked_into_sockets_are_no_matter() {
    let world = World::seed(FamilyOrder::V4First);
    let mut evidence = world.evidence();
    evidence.manifest.cell.provider = ProviderKind::Existing;
    let judged = |evidence: &Evidence| judge("K09", evidence, &world.scenario(), &world.shapes);
    assert!(matches!(judged(&evidence), Judged::Findings(_)), "a cluster whose nodes were looked into");
    evidence.netns.iter_mut().for_each(|netns| netns.source = NetnsSource::InitLog);
    assert!(matches!(judged(&evidence), Judged::NotApplicable(why) if why.contains("cannot be looked into")));
}

#[test]
fn another_pods_namespace_says_nothing_of_this_one() {
    let findings = lose("K10", "nothing", |evidence| {
        let stranger = netns(evidence, CLIENT).interfaces.clone();
        netns(evidence, SERVER).interfaces = stranger;
        netns(evidence, SERVER).rules.v6 = None;
    });
    let unknown: Vec<_> = findings.iter().filter(|finding| finding.holds == Holds::Unknown).collect();
    assert_eq!(unknown.len(), 2, "{findings:#?}");
    assert!(unknown.iter().all(|finding| finding.seen.contains("it is another namespace")), "{unknown:#?}");
}

#[test]
fn rules_that_are_not_compared_are_no_pass() {
    let findings = lose("K10", "nothing", |evidence| {
        netns(evidence, SERVER).native_tables = vec!["inet istio-proxy-nat".to_owned()];
    });
    assert!(findings.iter().any(|finding| finding.seen.contains("inet istio-proxy-nat")), "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.holds != Holds::No), "{findings:#?}");
}

#[test]
fn a_log_stands_in_for_the_node_as_far_as_it_goes() {
    let told = |interfaces: bool| {
        lose("K10", "netns", |evidence| {
            for netns in &mut evidence.netns {
                (netns.source, netns.place) = (NetnsSource::InitLog, "logs/istio-init.log".to_owned());
                for interface in netns.interfaces.iter_mut().flatten() {
                    interface.addresses.retain(|net| net.addr() == ip("::6"));
                }
                if !interfaces {
                    netns.interfaces = None;
                }
            }
        })
    };
    assert!(told(true).iter().all(|finding| finding.holds == Holds::Yes), "{:#?}", told(true));
    let silent = told(false);
    let unknown: Vec<_> = silent.iter().filter(|finding| finding.holds == Holds::Unknown).collect();
    assert_eq!(unknown.len(), 3, "::6 of each pod, which nobody has seen: {silent:#?}");
    assert!(unknown.iter().all(|finding| finding.seen.contains("does not say that it was added")), "{unknown:#?}");
}
