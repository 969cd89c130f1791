//! Where calls were lost that were not answered: one place for each family, and none for the other.

use std::net::SocketAddr;

use dualproof_model::evidence::{AccessLogLine, Evidence, Told};
use dualproof_model::family::IpFamily;
use dualproof_model::verdict::Layer;
use dualproof_wire::Outcome;

use super::faulty::{ORDERS, green};
use crate::lab::matrix::end;

/// Ends calls as if no packet had come back: nobody connected, and no proxy but the client's own logged anything.
fn unanswered(evidence: &mut Evidence, is_lost: impl Fn(&str) -> bool) {
    let mut sockets = Vec::new();
    for told in evidence.testimonies.iter_mut().filter(|told| is_lost(&told.cell)) {
        sockets.extend(told.attempt().and_then(|attempt| attempt.local));
        end(told, &Outcome::Timeout);
        if let Told::Report(report) = &mut told.told {
            for attempt in &mut report.attempts {
                (attempt.connect_micros, attempt.first_byte_micros) = (None, None);
            }
        }
    }
    assert!(!sockets.is_empty());
    given_up(evidence, &sockets, "UF");
}

/// Makes the lines of the proxies those of connections that the client's proxy could not carry on.
fn given_up(evidence: &mut Evidence, sockets: &[SocketAddr], flag: &str) {
    let is_its = |line: &AccessLogLine| line.downstream_remote.is_some_and(|own| sockets.contains(&own));
    let its = evidence.access_log.iter().filter(|line| is_its(line));
    let onward: Vec<SocketAddr> = its.filter_map(|line| line.upstream_local).collect();
    evidence.access_log.retain(|line| !line.downstream_remote.is_some_and(|own| onward.contains(&own)));
    for line in evidence.access_log.iter_mut().filter(|line| is_its(line)) {
        line.flags = vec![flag.to_owned()];
        line.upstream_local = None;
    }
}

fn of_literal(cell: &str, family: &str) -> bool {
    cell.contains("agents.dual-v4v6/9000") && cell.ends_with(family) && !cell.contains("name-")
}

fn blamed(change: impl Fn(&mut Evidence)) -> Vec<Vec<(Option<IpFamily>, Layer)>> {
    let of = |order| {
        let report = green(order).with(|run| change(&mut run.evidence)).judge();
        report.diagnoses.iter().map(|diagnosis| (diagnosis.family, diagnosis.layer)).collect()
    };
    ORDERS.into_iter().map(of).collect()
}

#[test]
fn what_a_naked_client_cannot_connect_is_the_service_path_of_that_family() {
    for (family, word) in [(IpFamily::IPv4, "/v4"), (IpFamily::IPv6, "/v6")] {
        let seen = blamed(|evidence| {
            unanswered(evidence, |cell| cell.starts_with("naked/") && of_literal(cell, word));
        });
        assert_eq!(seen, vec![vec![(Some(family), Layer::ServicePath)]; 2], "{family}");
    }
}

#[test]
fn what_neither_client_reaches_is_the_service_path_and_what_the_meshed_one_alone_does_not_is_the_meshs() {
    let from = |cell: &str, clients: &[&str]| clients.iter().any(|client| cell.starts_with(client));
    let podip = |cell: &str| of_literal(cell, "/v6") && cell.contains("pod-ip") && from(cell, &["naked/", "meshed/"]);
    let both = blamed(|evidence| unanswered(evidence, podip));
    assert_eq!(both, vec![vec![(Some(IpFamily::IPv6), Layer::ServicePath)]; 2]);
    let meshed = blamed(|evidence| {
        unanswered(evidence, |cell| cell.starts_with("meshed/") && podip(cell));
    });
    for seen in meshed {
        let layers: Vec<Layer> = seen.iter().map(|(_, layer)| *layer).collect();
        assert!(!layers.contains(&Layer::ServicePath), "{layers:?}");
        assert!(seen.iter().all(|(family, _)| *family == Some(IpFamily::IPv6)), "{seen:?}");
    }
}

#[test]
fn the_flags_of_the_clients_proxy_say_how_far_a_call_came() {
    let cases = [("NR", Layer::Route), ("NC", Layer::Cluster), ("UH", Layer::Endpoint), ("UF", Layer::Endpoint)];
    for (flag, layer) in cases {
        let seen = blamed(|evidence| {
            let lost = |cell: &str| cell.starts_with("meshed/agents.single-v6/9000") && cell.contains("cluster-ip");
            let sockets: Vec<SocketAddr> = evidence
                .testimonies
                .iter_mut()
                .filter(|told| lost(&told.cell))
                .filter_map(|told| {
                    end(told, &Outcome::Reset);
                    told.attempt()?.local
                })
                .collect();
            given_up(evidence, &sockets, flag);
            assert!(!sockets.is_empty(), "{flag}");
        });
        assert_eq!(seen, vec![vec![(Some(IpFamily::IPv6), layer)]; 2], "{flag}");
    }
}
