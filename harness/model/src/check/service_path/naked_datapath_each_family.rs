//! K44: what has no sidecar at either end works over both families.

use crate::check::calling::{self, Call, Reach, Said, Statement, is_identity, is_peer, reached};
use crate::check::{Case, Check, Judged};
use crate::spec::Profile;
use crate::truth::{Crossing, Expected};
use crate::verdict::Layer;

pub(in crate::check) const NAKED_DATAPATH_EACH_FAMILY: Check = Check {
    key: "K44",
    slug: "naked-datapath-each-family",
    layer: Layer::ServicePath,
    profile: Profile::Core,
    title: "naked and outside clients reach naked servers by every name and address of each family, and are seen as themselves",
    why: "it says whose bug a red call is: kube-proxy had no nodePort of the second family (kubernetes/kubernetes#92412), let \
          clients of a nodePort hang (kubernetes/kubernetes#66766), had no rules for IPv6 Services at all \
          (kubernetes/kubernetes#88780); network plugins sent calls to the wrong server (antrea-io/antrea#2331). From a meshed pod \
          all of that looks like the mesh",
    cure: "no sidecar is in this way, so the mesh is not to blame: on the node `nft list ruleset` or `ip6tables-save -t nat` \
           for the Service, `ip -6 route` and `ip -6 neigh` for the pod, the logs of kube-proxy and of the network plugin; a \
           wrong peer means that a node masquerades",
    needs_mesh: false,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(
        case,
        "an end as the truth table has it, the client seen as itself",
        |_, call| said(call).map(|said| Statement::of(call, said)).into_iter().collect(),
        |_, _| {},
    )
}

/// Of other calls that cross no proxy, such as datagrams and all of a run without a mesh, it is said here alone that the client was not seen
/// as itself.
fn said(call: &Call<'_>) -> Option<Said> {
    let crosses_none = matches!(&call.expected, Expected::Answer(answering) if answering.crossing == Crossing::NONE);
    let by_peer = Said::of(call.departures().iter().filter(|departure| is_peer(departure)));
    match reached(call, Reach::Naked) {
        None if crosses_none && matches!(by_peer, Said::Wrong(_)) && answered_well(call) => Some(by_peer),
        None => None,
        Some(Said::Right) => Some(by_peer),
        Some(other) => Some(other),
    }
}

fn answered_well(call: &Call<'_>) -> bool {
    !call.departures().iter().any(is_identity)
}
