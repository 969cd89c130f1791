//! S01: every call of the scenario is answered with its own text.

use crate::check::{Case, Check, Judged, reply};
use crate::evidence::{AddressKind, Call, CallStage};
use crate::family::{IpFamily, parse_ip};
use crate::spec::Profile;
use crate::truth::families_of;
use crate::verdict::{Findings, Layer};

pub(in crate::check) const SEED_ECHO_REPLY: Check = Check {
    key: "S01",
    slug: "seed-echo-reply",
    layer: Layer::Application,
    profile: Profile::Core,
    title: "every call of the scenario is answered with the text that it asks for",
    why: "it is the acceptance of Istio's own dual-stack samples (istio/istio#43672) and the last line of defence: a mesh \
          that always picks the family on which nobody listens answers nothing (linkerd/linkerd2#12733). It is weak alone: \
          a missing listener is masked by passthrough (istio/istio#45557), so it never stands without the other checks",
    cure: "repeat the call by hand: `kubectl exec -n CLIENT deploy/curl -- sh -c 'echo word | nc SERVICE 9000'`, then each \
           clusterIP as a literal; look first at the checks of lower layers. `Connection refused` means that IPv6 is \
           captured and nothing listens on `::`; no text and exit code 0 means that Envoy took the connection and lost it",
    needs_mesh: false,
    judge,
};

const CALLS: &str = "calls.jsonl";

fn judge(case: &Case<'_>) -> Judged {
    let scenario = case.scenario;
    if scenario.calls.is_empty() {
        return Judged::NotApplicable("the scenario makes no calls".to_owned());
    }
    let mut findings = Findings::new();
    let made: Vec<&Call> = case
        .evidence
        .calls
        .iter()
        .filter(|call| call.stage == CallStage::Mesh && call.scenario == scenario.name)
        .collect();
    for spec in &scenario.calls {
        if !made.iter().any(|call| is_record_of(call, &scenario.name, &spec.name)) {
            let subject = format!("call {}/{}", scenario.name, spec.name);
            findings.lost(&subject, None, &format!("`{}`", spec.reply), &case.why_missing(CALLS), CALLS);
        }
    }
    for call in made {
        let spec = scenario.calls.iter().find(|spec| is_record_of(call, &scenario.name, &spec.name));
        let wanted = spec.map(|spec| spec.reply.as_str()).or(call.reply.as_deref());
        let subject = format!("call {} from {} to {}", call.id, call.client, call.address);
        let place = format!("{CALLS}#{}", call.id);
        reply::compare(&subject, provable_family(case, call), call, wanted, &place, &mut findings);
    }
    findings.into()
}

/// Tells whether a record belongs to a call of the scenario: its id is the call's, or begins with it where several clients
/// made it.
fn is_record_of(call: &Call, scenario: &str, name: &str) -> bool {
    call.id
        .strip_prefix(scenario)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.strip_prefix(name))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Tells the family that a reply proves, on the client's side only: that is where the application dialled. Behind it Envoy
/// goes to the first podIP, whatever was dialled (istio/istio#51279), so nothing is said of the server's side.
///
/// * A literal address proves its own family.
/// * The name of a Service whose live `clusterIPs` are all of one family can only have led to that family: cluster DNS
///   answers with `clusterIPs` (for the other record type with nothing), and no other address of the Service exists.
/// * The name of a Service of two families proves neither: libc decides (glibc takes IPv6 first from a ULA range, musl
///   IPv4) and falls back to the other one. A headless Service's name leads to podIPs, which the check does not follow.
fn provable_family(case: &Case<'_>, call: &Call) -> Option<IpFamily> {
    match call.address_kind {
        AddressKind::ClusterIp | AddressKind::PodIp => {
            parse_ip(&call.address).ok().map(|address| IpFamily::of(&address)).or(call.family)
        }
        AddressKind::Name => {
            let service = case.service()?;
            let is_own = call.target.namespace == service.meta.namespace && call.target.name == service.meta.name;
            match families_of(&service.cluster_ips).as_slice() {
                [only] if is_own => Some(*only),
                _ => None,
            }
        }
    }
}
