//! In what a path departs from the proxies that the call should have crossed.

use std::collections::BTreeSet;

use super::{Facts, Hop, Identity, Leg, Path, Side};
use crate::evidence::{AccessLogLine, ClusterName, Direction};
use crate::family::IpFamily;
use crate::matrix::{CallCell, Dial};
use crate::truth::{Answering, ClientLeg, ServerLeg};

/// One way in which a path is not what it should be, even if the right text came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stray {
    /// A sidecar was not crossed.
    #[error("{0} was not crossed")]
    Skipped(Side),
    /// A proxy was crossed where there should be none.
    #[error("{0} was crossed, and should not be")]
    Uninvited(Side),
    /// A proxy did not know the destination and passed the call through.
    #[error("{side} passed the call through by {cluster}")]
    Passthrough {
        /// Which.
        side: Side,
        /// The cluster.
        cluster: String,
    },
    /// A proxy sent the call to nowhere.
    #[error("{0} sent the call to nowhere")]
    BlackHole(Side),
    /// A proxy took another cluster than the call's own.
    #[error("{side} took cluster `{seen}`, expected {expected}")]
    OtherCluster {
        /// Which.
        side: Side,
        /// The one that it should have taken.
        expected: String,
        /// The one that it took; empty for none.
        seen: String,
    },
    /// Two proxies were crossed, and one does not know the other.
    #[error("the proxies do not know each other by certificate")]
    IdentityLost,
    /// The server's proxy knows its client where plaintext is the rule.
    #[error("the server's proxy knows its client by certificate, where plaintext was expected")]
    IdentityUnasked,
    /// A leg went over another family.
    #[error("leg {leg:?} went over {seen}, expected {expected:?}")]
    OtherFamily {
        /// Which.
        leg: Leg,
        /// The families that it might have.
        expected: BTreeSet<IpFamily>,
        /// The one that it had.
        seen: IpFamily,
    },
}

/// Lists in what a path departs from what was expected of its cell. Says nothing of the proof: a path that is not proven
/// lists only what its hops show, and proxies that were not crossed are stated for proven paths alone.
#[must_use]
pub fn strays(path: &Path, cell: &CallCell, answering: &Answering) -> Vec<Stray> {
    let crossing = answering.crossing;
    let Facts { skipped, black_hole, identity, legs, .. } = &path.facts;
    let mut strays: Vec<Stray> = Vec::new();
    let wanted = |side| match side {
        Side::Client => crossing.client != ClientLeg::None,
        Side::Server => crossing.server != ServerLeg::None,
    };
    strays.extend(skipped.iter().filter(|side| wanted(**side)).map(|side| Stray::Skipped(*side)));
    strays.extend(black_hole.iter().map(|side| Stray::BlackHole(*side)));
    for hop in &path.hops {
        let Hop::Proxy { side, line } = hop else { continue };
        if !wanted(*side) {
            strays.push(Stray::Uninvited(*side));
        } else if !line.is_black_hole() {
            strays.extend(cluster(*side, line, cell, answering));
        }
    }
    match (identity, crossing.mutual) {
        (Identity::Lost, true) => strays.push(Stray::IdentityLost),
        (_, false) if path.hops.iter().any(knows_its_client) => strays.push(Stray::IdentityUnasked),
        _ => {}
    }
    for (leg, seen) in legs {
        let expected = match leg {
            Leg::Dialled => [answering.dialled].into(),
            Leg::Between | Leg::ToApplication => answering.arrival.clone(),
        };
        if !expected.contains(seen) {
            strays.push(Stray::OtherFamily { leg: *leg, expected, seen: *seen });
        }
    }
    strays
}

fn knows_its_client(hop: &Hop) -> bool {
    matches!(hop, Hop::Proxy { side: Side::Server, line } if line.downstream_peer.is_some())
}

fn cluster(side: Side, line: &AccessLogLine, cell: &CallCell, answering: &Answering) -> Option<Stray> {
    let seen = line.cluster.clone().unwrap_or_default();
    let name = ClusterName::parse(&seen);
    let pass = match side {
        Side::Client => answering.crossing.client == ClientLeg::Passthrough,
        Side::Server => answering.crossing.server == ServerLeg::Passthrough,
    };
    let other = |expected: String| Some(Stray::OtherCluster { side, expected, seen: seen.clone() });
    if line.is_passthrough() {
        return (!pass).then(|| Stray::Passthrough { side, cluster: seen.clone() });
    }
    if pass {
        return other("a passthrough cluster".to_owned());
    }
    let service = &cell.service;
    match side {
        // A podIP may have the listener of any headless Service that names its port.
        Side::Client if matches!(cell.dial, Dial::PodIp(_)) => {
            let right = name.is_some_and(|name| name.direction == Direction::Outbound && name.port == cell.number);
            if right { None } else { other(format!("outbound|{}||…", cell.number)) }
        }
        Side::Client => {
            let right = name.is_some_and(|name| name.serves(&service.namespace, &service.name, cell.number));
            if right {
                None
            } else {
                other(format!("outbound|{}||{}.{}.svc…", cell.number, service.name, service.namespace))
            }
        }
        Side::Server => {
            let right = name.is_some_and(|name| name.direction == Direction::Inbound && name.port == cell.number);
            if right { None } else { other(format!("inbound|{}||", cell.number)) }
        }
    }
}
