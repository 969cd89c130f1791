//! UDP: no sidecar takes it, so that every call goes the cluster's own paths, whatever mTLS is demanded.

use super::server::Fate;
use super::{Answering, Crossing, Ending, Expected, Peer};
use crate::matrix::{CallCell, Dial};

const NAKED: &str = "the redirect rules of both families take TCP alone (istio/istio:tools/istio-iptables/pkg/capture/run.go), so a \
                     datagram meets no proxy at either end and STRICT does not concern it; kube-proxy keeps the family of the \
                     address that was dialled (seen on Istio 1.31)";
const BOUND: &str = "nobody is bound to the family that was dialled, and ICMP says so";

/// The first address of a name is the only one: a UDP socket connects to anything.
pub(super) fn expected(cell: &CallCell) -> Expected {
    if cell.dials_nothing() {
        return Expected::failure(
            [Ending::Refused, Ending::Timeout, Ending::Unreachable, Ending::Stranger],
            "kube-proxy has no rule for this address and port: the datagram is dropped or refused by its mode, or leaves the cluster \
             by the default route, where anybody may answer but none of ours",
        );
    }
    let Some(family) = cell.families_in_turn().first().copied() else {
        return Expected::Unstated("the Service has no family");
    };
    match Fate::of_all(cell, |server| Fate::over(cell.bind, server, family)) {
        Fate::Answered(arrival) => {
            let peer = match cell.dial {
                Dial::NodePort(_) => Peer::Translated,
                Dial::Name(_) | Dial::ClusterIp | Dial::PodIp(_) => Peer::ClientSocket,
            };
            let late = [].into();
            Expected::Answer(Answering {
                dialled: family,
                arrival,
                late,
                peer,
                crossing: Crossing::NONE,
                because: NAKED,
            })
        }
        Fate::Failed => Expected::failure([Ending::Refused], BOUND),
        Fate::Varies => Expected::Unstated("the servers behind the Service are not bound alike"),
    }
}
