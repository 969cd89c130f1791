//! K20: a resolver that has no address of a family says so at once, and never that the name does not exist.

use dualproof_wire::{Resolution, ResolutionOutcome};

use super::question::{Question, each};
use crate::check::calling::{self, Said};
use crate::check::{Case, Check, Judged};
use crate::spec::Profile;
use crate::verdict::Layer;

pub(in crate::check) const DNS_NODATA_NOT_NXDOMAIN: Check = Check {
    key: "K20",
    slug: "dns-nodata-not-nxdomain",
    layer: Layer::Dns,
    profile: Profile::Core,
    title: "every question for a Service's name ends NOERROR, with or without addresses, in less than a second",
    why: "AAAA of an IPv4 Service was NXDOMAIN (coredns/coredns#779), upon which musl takes the whole name for unknown \
          (apple/container#786); a family whose look-up failed emptied the other's hosts (envoyproxy/envoy#47494); look-ups of both \
          families at once took five seconds (kubernetes/kubernetes#56903)",
    cure: "`kubectl -n kube-system logs -l k8s-app=kube-dns` and the Corefile (`kubectl -n kube-system get configmap coredns -o \
           yaml`): a `template` or a `forward` that answers one record type; where the resolver is the sidecar, `kubectl logs POD -c \
           istio-proxy`; for slow answers look at conntrack (`conntrack -S` on the node)",
    needs_mesh: false,
    judge,
};

/// The most that a question may take, in microseconds.
const PATIENCE: u64 = 1_000_000;

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(
        case,
        "NOERROR in less than a second",
        |_, call| each(case, call, expected, |_, resolution| Some(said(resolution))),
        |_, _| {},
    )
}

fn expected(question: &Question) -> String {
    let record = question.family.record_type();
    match question.expected.is_empty() {
        true => format!("NOERROR without {record}, in less than a second"),
        false => format!("NOERROR with {record}, in less than a second"),
    }
}

/// Which addresses there are is K19's.
fn said(resolution: &Resolution) -> Said {
    let slow = resolution.micros >= PATIENCE;
    match resolution.outcome {
        ResolutionOutcome::Answered | ResolutionOutcome::NoData if !slow => Said::Right,
        _ if slow => Said::Wrong(format!("{} after {} ms", Question::ended(resolution), resolution.micros / 1000)),
        _ => Said::Wrong(Question::ended(resolution)),
    }
}
