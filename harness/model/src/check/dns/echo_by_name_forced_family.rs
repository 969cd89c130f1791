//! K03: a name leads to the family that is asked for, and without a wish to the preferred one.

use crate::answer::{Departure, End};
use crate::check::calling::{self, Call, Calls, Reach, Said, Statement, is_family, reached, unless_lookup_failed};
use crate::check::{Case, Check, Judged};
use crate::matrix::Dial;
use crate::spec::Profile;
use crate::verdict::Layer;

pub(in crate::check) const ECHO_BY_NAME_FORCED_FAMILY: Check = Check {
    key: "K03",
    slug: "echo-by-name-forced-family",
    layer: Layer::Dns,
    profile: Profile::Core,
    title: "a target is answered by its name over each family that is forced, and over IPv6 first where none is",
    why: "DNS of the mesh or of the cluster had one family of a dual Service alone, so that forcing the other failed \
          (istio/istio#51608, coredns/coredns#4339); a client that may choose hides it by falling back",
    cure: "`kubectl exec -n NAMESPACE POD -c agent -- agent resolve NAME` shows both answers; where they are right and the literal \
           clusterIPs are answered (K02, K44), compare `/etc/resolv.conf` and the client's own choice of family (RFC 6724)",
    needs_mesh: false,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(
        case,
        "an end as the truth table has it, over the family asked for",
        |calls, call| said(calls, call).map(|said| Statement::traced(calls, call, said)).into_iter().collect(),
        |_, _| {},
    )
}

/// Whether a call is answered whose server is naked, bound to less or under STRICT is for others to say; over which family its name
/// was dialled is said here.
fn said(calls: &Calls<'_>, call: &Call<'_>) -> Option<Said> {
    let by_family = Said::of(call.departures().iter().filter(|departure| is_family(departure, End::Client)));
    let by_family = match unless_lookup_failed(call, by_family) {
        Said::Wrong(words) if call.fell_back() => Said::Lost(format!(
            "{words}, after an address of the right one was tried first: it is not the name's fault"
        )),
        said => said,
    };
    let said = match reached(call, Reach::Name) {
        None if matches!((&call.cell.dial, &by_family), (Dial::Name(_), Said::Wrong(_))) => by_family,
        None => return None,
        Some(Said::Right) => by_family,
        Some(Said::Wrong(words)) if !are_literals_right(calls, call) => {
            Said::Lost(format!("{words}; its literal addresses end no better, so it is not the name's fault"))
        }
        Some(other) => other,
    };
    Some(said)
}

/// Tells whether the addresses that the name stands for ended as they should when they were dialled themselves.
fn are_literals_right(calls: &Calls<'_>, call: &Call<'_>) -> bool {
    let cell = &call.cell;
    let is_literal = |dial: &Dial| match dial {
        Dial::ClusterIp => !cell.service.headless,
        Dial::PodIp(_) => cell.service.headless,
        Dial::Name(_) | Dial::NodePort(_) => false,
    };
    let mut literals = calls.all.iter().filter(|other| {
        let same = |one: &Call<'_>| {
            let cell = &one.cell;
            (
                cell.client.name.clone(),
                cell.service.namespace.clone(),
                cell.service.name.clone(),
                cell.number,
                cell.protocol,
            )
        };
        is_literal(&other.cell.dial) && other.family() == call.family() && same(other) == same(call)
    });
    literals.all(|literal| !literal.departures().iter().any(|departure| matches!(departure, Departure::Ended { .. })))
}
