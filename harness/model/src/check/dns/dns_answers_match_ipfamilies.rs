//! K19: a name has the addresses of its Service, each family by itself.

use dualproof_wire::{Resolution, ResolutionOutcome};

use super::question::{Question, each};
use crate::check::calling::{self, Said};
use crate::check::{Case, Check, Judged};
use crate::spec::Profile;
use crate::verdict::Layer;

pub(in crate::check) const DNS_ANSWERS_MATCH_IPFAMILIES: Check = Check {
    key: "K19",
    slug: "dns-answers-match-ipfamilies",
    layer: Layer::Dns,
    profile: Profile::Core,
    title: "A and AAAA of each Service are its clusterIPs of that family, or for a headless one the podIPs of its Ready pods",
    why: "the mesh's DNS answered one family of a dual Service alone (istio/istio#51608, kumahq/kuma#2760), the cluster's the first \
          clusterIP alone (coredns/coredns#4339); pods without IPv6 were given AAAA and tried it first (istio/ztunnel#1965)",
    cure: "`kubectl exec -n NAMESPACE POD -c agent -- agent resolve NAME` beside `kubectl get service NAME -o \
           jsonpath='{.spec.clusterIPs}'`; where the pod's resolver is its sidecar, compare with CoreDNS asked by its own address",
    needs_mesh: false,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(
        case,
        "the Service's own addresses",
        |_, call| each(case, call, |question| format!("{} {}", question.family.record_type(), question.expected), said),
        |_, _| {},
    )
}

/// How a question ends that brings nothing is K20's.
fn said(question: &Question, resolution: &Resolution) -> Option<Said> {
    match resolution.outcome {
        ResolutionOutcome::Answered | ResolutionOutcome::NoData => {}
        _ => return Some(Said::Lost(Question::ended(resolution))),
    }
    let seen = Question::addresses(resolution);
    Some(match seen == question.expected {
        true => Said::Right,
        false => Said::Wrong(format!("{seen}, {}", Question::ended(resolution))),
    })
}
