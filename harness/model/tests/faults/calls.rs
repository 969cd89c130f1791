//! Faults of the calls of a matrix, and of what proxies and resolvers leave behind.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use dualproof_model::evidence::{AccessLogLine, Evidence, Testimony};
use dualproof_model::family::IpFamily;
use dualproof_wire::{Outcome, ResolutionOutcome};

use crate::lab::ip;
use crate::lab::matrix::{answer, end, report, told};

/// A fault over evidence of a call matrix that is green before it.
pub(crate) struct CallMutant {
    /// What is wrong.
    pub(crate) what: &'static str,
    /// The checks that must turn red, and no others.
    pub(crate) red: &'static [&'static str],
    /// Makes it wrong.
    pub(crate) mutate: fn(&mut Evidence),
}

const fn fault(red: &'static [&'static str], what: &'static str, mutate: fn(&mut Evidence)) -> CallMutant {
    CallMutant { what, red, mutate }
}

/// Lists all of them.
pub(crate) const FAULTS: &[CallMutant] = &[
    // K01: who answered.
    fault(&["K01"], "a pod answers that nobody asked", |evidence| {
        for call in told(evidence, &["meshed/agents.dual-v4v6/9000", "cluster-ip/v6"]) {
            answer(call, |answer| answer.pod = "impostor".to_owned());
        }
    }),
    fault(&["K01"], "a naked impostor stands behind the Service of meshed servers", |evidence| {
        for call in told(evidence, &["naked/agents.single-v6/", "cluster-ip/v6"]) {
            let own = socket(call);
            answer(call, |answer| {
                (answer.pod, answer.peer) = ("impostor".to_owned(), own);
                answer.local.set_ip(ip("fd00:10:244::bad"));
            });
        }
    }),
    fault(&["K01"], "the client's own word comes back", |evidence| {
        for call in told(evidence, &["naked/agents.dual-v6v4/9000", "name-both"]) {
            let word = Outcome::Replied(format!("hello {}", call.ask.token));
            end(call, &word);
        }
    }),
    fault(&["K01"], "a server of an earlier run answers", |evidence| {
        for call in told(evidence, &["outside/agents-naked.dual-v6v4/9000", "/v4"]) {
            answer(call, |answer| answer.run = "run-0".to_owned());
        }
    }),
    fault(&["K01"], "the pod was replaced by one of the same name", |evidence| {
        for pod in evidence.objects.pods.iter_mut().filter(|pod| pod.meta.namespace == "agents") {
            pod.meta.uid = "uid-new".to_owned();
        }
    }),
    fault(&["K01", "K17"], "Envoy dials the second podIP first", |evidence| {
        for pod in evidence.objects.pods.iter_mut().filter(|pod| pod.meta.namespace == "agents") {
            pod.ips.reverse();
        }
    }),
    // K02: literal addresses.
    fault(&["K02"], "an IPv6 clusterIP is dead, and the name with it", |evidence| {
        for words in ["cluster-ip/v6", "name-aaaa", "name-both"] {
            for call in told(evidence, &["meshed/agents.dual-v4v6/9000", words]) {
                end(call, &Outcome::Closed);
            }
        }
    }),
    fault(&["K02"], "one podIP drops IPv4", |evidence| {
        told(evidence, &["naked/agents.dual-v4v6/9000", "pod-ip-1/v4"])
            .into_iter()
            .for_each(|call| end(call, &Outcome::Timeout));
    }),
    fault(&["K02"], "a port that the Service does not name is answered at its clusterIP", |evidence| {
        answered(evidence, &["naked/agents.dual-v4v6/9003-undeclared", "cluster-ip/v6"]);
    }),
    fault(&["K02"], "the client outside gets no IPv6 datagram back", |evidence| {
        told(evidence, &["outside/agents.dual-v4v6/9053", "/v6"])
            .into_iter()
            .for_each(|call| end(call, &Outcome::Timeout));
    }),
    fault(&["K02"], "STRICT keeps IPv4 datagrams out", |evidence| {
        told(evidence, &["naked/agents-strict.dual-v6v4/9053", "pod-ip-0/v4"])
            .into_iter()
            .for_each(|call| end(call, &Outcome::Refused));
    }),
    fault(&["K02"], "a server that speaks first is heard in plaintext", |evidence| {
        answered(evidence, &["naked/agents.dual-v4v6/9025", "cluster-ip/v6"]);
    }),
    fault(&["K03"], "a server that speaks first is not heard by mTLS", |evidence| {
        told(evidence, &["meshed/agents.dual-v4v6/9025", "name-aaaa"])
            .into_iter()
            .for_each(|call| end(call, &Outcome::Timeout));
    }),
    // K03: names.
    fault(&["K03"], "a name is reset where its literal address is answered", |evidence| {
        told(evidence, &["meshed/agents.dual-v6v4/9000", "name-aaaa"])
            .into_iter()
            .for_each(|call| end(call, &Outcome::Reset));
    }),
    fault(&["K03"], "a client that is forced to IPv6 dials over IPv4", |evidence| {
        over_ipv4(evidence, "meshed/agents.dual-v6v4/9000");
    }),
    fault(&["K03"], "a client under STRICT that is forced to IPv6 dials over IPv4", |evidence| {
        over_ipv4(evidence, "meshed/agents-strict.dual-v6v4/9000");
    }),
    // K19: what names resolve to.
    fault(&["K19"], "a dual Service has no AAAA", |evidence| {
        for call in told(evidence, &["agents.dual-v6v4/9000", "name-aaaa"]) {
            unresolved(call, IpFamily::IPv6, &ResolutionOutcome::NoData, &Outcome::NoData);
        }
    }),
    fault(&["K19"], "an IPv4 Service has an A record too many", |evidence| {
        for call in told(evidence, &["naked/agents.single-v4/", "name-both"]) {
            let mut answers = report(call).resolutions.iter_mut();
            let first = answers.find(|one| one.outcome == ResolutionOutcome::Answered);
            first.unwrap_or_else(|| panic!("no answer")).addresses.push(ip("10.96.0.99"));
        }
    }),
    fault(&["K19"], "a headless Service names a pod that is not Ready", |evidence| {
        for pod in evidence.objects.pods.iter_mut().filter(|pod| pod.meta.namespace == "agents") {
            if pod.meta.name == "lone-1" {
                pod.ips[1] = if pod.ips[1].is_ipv4() { ip("10.244.9.9") } else { ip("fd00:10:244:9::9") };
            }
        }
        let fitting =
            |testimony: &Testimony| !testimony.cell.contains(".headless/") || testimony.cell.contains("name-");
        evidence.testimonies.retain(fitting);
        for call in told(evidence, &["agents.headless/"]) {
            let report = report(call);
            (report.attempts, report.outcome) = (Vec::new(), Outcome::NoData);
        }
    }),
    // K20: how questions end.
    fault(&["K20"], "AAAA of an IPv4 Service is NXDOMAIN (coredns/coredns#779)", |evidence| {
        for call in told(evidence, &["agents.single-v4/", "name-aaaa"]) {
            unresolved(call, IpFamily::IPv6, &ResolutionOutcome::NxDomain, &Outcome::NxDomain);
        }
    }),
    fault(&["K20"], "AAAA is SERVFAIL", |evidence| {
        for call in told(evidence, &["name-aaaa"]) {
            unresolved(call, IpFamily::IPv6, &ResolutionOutcome::ServFail, &Outcome::ServFail);
        }
    }),
    fault(&["K20"], "A takes five seconds (kubernetes/kubernetes#56903)", |evidence| {
        for call in told(evidence, &["naked/", "name-a/"]) {
            report(call).resolutions.iter_mut().for_each(|resolution| resolution.micros = 5_000_000);
        }
    }),
    // K44: without sidecars.
    fault(&["K44"], "IPv6 datagrams to a meshed server come from its sidecar", |evidence| {
        for call in told(evidence, &["naked/agents.dual-v4v6/9053", "cluster-ip/v6"]) {
            answer(call, |answer| answer.peer.set_ip(ip("::6")));
        }
    }),
    fault(&["K44"], "the sidecar of a client sends its datagrams from a socket of its own", |evidence| {
        for call in told(evidence, &["meshed/agents-naked.dual-v6v4/9053", "pod-ip"]) {
            answer(call, |answer| answer.peer.set_port(1));
        }
    }),
    fault(&["K44"], "kube-proxy has no rules for an IPv6 clusterIP", |evidence| {
        for words in ["cluster-ip/v6", "name-aaaa"] {
            for call in told(evidence, &["naked/agents-naked.dual-v6v4/9000", words]) {
                end(call, &Outcome::Timeout);
            }
        }
    }),
    fault(&["K44"], "an IPv6 nodePort refuses", |evidence| {
        for call in told(evidence, &["outside/agents-naked.dual-v6v4/9000", "node-port-node-2/v6"]) {
            end(call, &Outcome::Refused);
        }
    }),
    fault(&["K44"], "a node masquerades what pods say to each other", |evidence| {
        for call in told(evidence, &["naked/agents-naked.dual-v6v4/9000", "pod-ip-0/v4"]) {
            answer(call, |answer| answer.peer.set_ip(ip("172.18.0.1")));
        }
    }),
    fault(&["K44"], "a node masquerades calls to an application on IPv4 alone", |evidence| {
        for call in told(evidence, &["naked/agents-naked.dual-v6v4/9001", "pod-ip-1/v4"]) {
            answer(call, |answer| answer.peer.set_ip(ip("172.18.0.2")));
        }
    }),
    // K04: the way.
    fault(&["K04"], "no IPv6 redirect at the servers: plaintext goes past their sidecars", |evidence| {
        past_the_server(evidence, &["naked/agents.dual", "pod-ip", "/v6"]);
    }),
    fault(&["K04"], "an IPv6 clusterIP without a listener is passed through", |evidence| {
        let sockets = sockets(evidence, &["meshed/agents.dual-v6v4/9000", "cluster-ip/v6"]);
        for line in lines_from(evidence, &sockets) {
            line.cluster = Some("PassthroughCluster".to_owned());
        }
    }),
    fault(&["K04"], "the servers' proxies take another port's cluster", |evidence| {
        for line in evidence.access_log.iter_mut().filter(|line| line.cluster.as_deref() == Some("inbound|9000||")) {
            line.cluster = Some("inbound|9001||".to_owned());
        }
    }),
    fault(&["K04"], "the client is not known by certificate", |evidence| {
        evidence.access_log.iter_mut().for_each(|line| line.downstream_peer = None);
    }),
    fault(&["K04"], "the client comes with somebody else's certificate", |evidence| {
        for line in evidence.access_log.iter_mut().filter(|line| line.downstream_peer.is_some()) {
            line.downstream_peer = Some("spiffe://cluster.local/ns/elsewhere/sa/caller-account".to_owned());
        }
    }),
    fault(&["K04"], "a nodePort leads past the server's sidecar", |evidence| {
        for call in told(evidence, &["outside/agents.single-v6/", "node-port-node-1/v6"]) {
            answer(call, |answer| answer.peer.set_ip(ip("fc00:f853:ccd:e793::1")));
        }
    }),
    fault(&["K04"], "a server has no sidecar", |evidence| {
        for pod in evidence.objects.pods.iter_mut().filter(|pod| pod.meta.namespace == "agents") {
            pod.containers.retain(|container| pod.meta.name != "echo-1" || container != "istio-proxy");
        }
    }),
    fault(&["K04"], "a server's sidecar does not know the port that is called from outside", |evidence| {
        for line in lines_at_servers(evidence, &["outside/agents.single-v6/", "/v6"]) {
            line.cluster = Some("InboundPassthroughCluster".to_owned());
        }
    }),
    fault(&["K04"], "a client outside comes with a certificate", |evidence| {
        for line in lines_at_servers(evidence, &["outside/agents.dual-v4v6/9000", "/v4"]) {
            line.downstream_peer = Some("spiffe://cluster.local/ns/callers/sa/caller-account".to_owned());
        }
    }),
    // K25: what nobody knows.
    fault(&["K25"], "REGISTRY_ONLY lets unknown IPv6 destinations out", |evidence| {
        answered(evidence, &["listed/agents-naked.dual-v6v4/9000", "pod-ip", "/v6"]);
    }),
    fault(&["K25"], "REGISTRY_ONLY is off", |evidence| {
        answered(evidence, &["listed/agents-naked.dual-v6v4/9000", "pod-ip"])
    }),
    fault(&["K25"], "an unknown IPv4 destination has a listener of its own, and fails behind it", |evidence| {
        let sockets = sockets(evidence, &["listed/agents-naked.dual-v6v4/9000", "pod-ip-0/v4"]);
        for line in lines_from(evidence, &sockets) {
            line.cluster = Some("outbound|9000||elsewhere.agents.svc.cluster.local".to_owned());
        }
    }),
    // K05: STRICT.
    fault(&["K05"], "STRICT lets IPv6 plaintext in", |evidence| {
        answered(evidence, &["naked/agents-strict.dual-v6v4/9000", "pod-ip", "/v6"]);
    }),
    fault(&["K05"], "STRICT is off", |evidence| {
        answered(evidence, &["naked/agents-strict.dual-v6v4/9000"]);
        answered(evidence, &["outside/agents-strict.dual-v6v4/9000"]);
    }),
    fault(&["K05"], "STRICT refuses its own mesh over IPv4", |evidence| {
        for call in told(evidence, &["meshed/agents-strict.dual-v6v4/9000", "cluster-ip/v4"]) {
            end(call, &Outcome::Reset);
        }
    }),
    // K17: bound to less.
    fault(&["K17"], "an application on `::1` is answered (its sidecar dials loopback)", |evidence| {
        answered(evidence, &["naked/agents.dual-v6v4/9004", "pod-ip-0/v6"]);
    }),
    fault(&["K17"], "an IPv4 application is not reached over IPv4", |evidence| {
        for call in told(evidence, &["naked/agents.dual-v6v4/9001", "pod-ip-0/v4"]) {
            end(call, &Outcome::Closed);
        }
    }),
    fault(&["K17"], "a naked IPv4 application is not fallen back to", |evidence| {
        for call in told(evidence, &["meshed/agents-naked.dual-v6v4/9001", "cluster-ip/v6"]) {
            end(call, &Outcome::Closed);
        }
    }),
    // K31: mapped addresses.
    fault(&["K31"], "a server prints its IPv4 peer as the kernel has it", |evidence| {
        for call in told(evidence, &["naked/agents-naked.", "/v4"]) {
            answer(call, |answer| answer.peer.set_ip(mapped(answer.peer.ip())));
        }
    }),
    fault(&["K31"], "a proxy logs mapped addresses", |evidence| {
        for line in evidence.access_log.iter_mut().filter(|line| line.pod.name == "echo-2").take(7) {
            line.mapped.push("DOWNSTREAM_REMOTE_ADDRESS");
        }
    }),
];

fn mapped(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(own) => own.to_ipv6_mapped().into(),
        IpAddr::V6(_) => Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(),
    }
}

/// The client's own socket.
fn socket(call: &mut Testimony) -> SocketAddr {
    let attempts = report(call).attempts.iter();
    attempts.last().and_then(|attempt| attempt.local).unwrap_or_else(|| panic!("no socket"))
}

fn sockets(evidence: &mut Evidence, words: &[&str]) -> Vec<SocketAddr> {
    told(evidence, words).into_iter().map(socket).collect()
}

fn lines_from<'a>(evidence: &'a mut Evidence, sockets: &[SocketAddr]) -> Vec<&'a mut AccessLogLine> {
    let found: Vec<_> = evidence
        .access_log
        .iter_mut()
        .filter(|line| line.downstream_remote.is_some_and(|remote| sockets.contains(&remote)))
        .collect();
    assert!(!found.is_empty(), "no line comes from {sockets:?}");
    found
}

/// Finds the lines of the servers' proxies by whom the answers name.
fn lines_at_servers<'a>(evidence: &'a mut Evidence, words: &[&str]) -> Vec<&'a mut AccessLogLine> {
    let mut peers = Vec::new();
    for call in told(evidence, words) {
        answer(call, |answer| peers.push(answer.peer));
    }
    let lines = evidence.access_log.iter_mut();
    let found: Vec<_> = lines.filter(|line| line.upstream_local.is_some_and(|own| peers.contains(&own))).collect();
    assert!(!found.is_empty(), "no line goes on from {peers:?}");
    found
}

/// Lets calls by AAAA go the way that the calls by A went.
fn over_ipv4(evidence: &mut Evidence, port: &str) {
    let others = told(evidence, &[port, "name-a/v4"]);
    let attempts: Vec<_> = others.into_iter().map(|call| report(call).attempts.clone()).collect();
    for (call, attempts) in told(evidence, &[port, "name-aaaa"]).into_iter().zip(attempts) {
        let (token, outcome) = (call.ask.token.clone(), attempts[0].outcome.clone());
        report(call).attempts = attempts;
        end(call, &outcome);
        answer(call, |answer| answer.token = Some(token));
    }
}

/// Answers calls that should fail, in the words of a server.
fn answered(evidence: &mut Evidence, words: &[&str]) {
    let replied = |testimony: &mut Testimony| match &report(testimony).outcome {
        Outcome::Replied(text) => Some(text.clone()),
        _ => None,
    };
    let text = evidence.testimonies.iter_mut().find_map(replied).unwrap_or_else(|| panic!("nobody answers"));
    for call in told(evidence, words) {
        end(call, &Outcome::Replied(text.clone()));
    }
}

/// Lets the question for a Service's own name end so, and the call with it.
fn unresolved(call: &mut Testimony, family: IpFamily, ending: &ResolutionOutcome, outcome: &Outcome) {
    let wanted = if family == IpFamily::IPv4 { dualproof_wire::Records::A } else { dualproof_wire::Records::Aaaa };
    let report = report(call);
    let last = report.resolutions.iter_mut().rfind(|resolution| resolution.records == wanted);
    let last = last.unwrap_or_else(|| panic!("no question"));
    (last.outcome, last.addresses) = (ending.clone(), Vec::new());
    (report.attempts, report.outcome) = (Vec::new(), outcome.clone());
}

/// Takes the server's sidecar out of the way of calls.
fn past_the_server(evidence: &mut Evidence, words: &[&str]) {
    let sockets = sockets(evidence, words);
    evidence.access_log.retain(|line| !line.downstream_remote.is_some_and(|remote| sockets.contains(&remote)));
    for call in told(evidence, words) {
        let own = socket(call);
        answer(call, |answer| answer.peer = own);
    }
}
