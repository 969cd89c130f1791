//! K25: what a client's proxy makes of destinations that it does not know, it makes of both families.

use std::collections::BTreeMap;

use crate::check::calling::{self, Call, Calls, Policy, Reach, Said, Statement, reached};
use crate::check::{Case, Check, Judged};
use crate::family::IpFamily;
use crate::matrix::Dial;
use crate::path::{Hop, Path, Side};
use crate::spec::{Outbound, Profile};
use crate::truth::{ClientLeg, Expected};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const UNKNOWN_DESTINATION_POLICY_EACH_FAMILY: Check = Check {
    key: "K25",
    slug: "unknown-destination-policy-each-family",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "unknown addresses of each family are sent to BlackHoleCluster under REGISTRY_ONLY, and to PassthroughCluster under ALLOW_ANY",
    why: "IPv6 requests were refused where IPv4 ones were known, because the filter matched `0.0.0.0` (istio/istio#39800); wildcard \
          listeners of one family sent the other to BlackHoleCluster (istio/istio#46743); a list of ranges of one family is a way \
          around it over the other (vibed-project/vibeD#60)",
    cure: "`kubectl get sidecar -A -o yaml` for outboundTrafficPolicy; the places name the log lines of the call: one family without a \
           line went past the client's proxy (K10), one with another cluster has a listener of its own, `istioctl proxy-config \
           listeners POD --address ADDRESS`",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let clients = case.scenario.matrix.iter().flat_map(|matrix| &matrix.clients);
    if case.scenario.matrix.is_some() && !clients.into_iter().any(|client| client.outbound == Outbound::RegistryOnly) {
        return Judged::NotApplicable("no client of the matrix refuses unknown destinations".to_owned());
    }
    calling::judge(
        case,
        "unknown destinations refused or passed through as the client's namespace says",
        |_, call| said(call).map(|said| stated(call, said)).into_iter().collect(),
        |calls, findings| twins(case, calls, findings),
    )
}

fn stated(call: &Call<'_>, said: Said) -> Statement {
    // Where the end alone is wrong, the line says nothing more.
    let ended_well = !matches!(reached(call, Reach::Unknown), Some(Said::Wrong(_)));
    let path = call.path.as_ref().filter(|_| ended_well);
    let line = path.and_then(client_line).map(|(_, place)| place.to_owned());
    Statement { places: line.into_iter().collect(), ..Statement::of(call, said) }
}

/// Says of a refused call whether it was the client's proxy that refused it: that nobody answered has other reasons, too. Of an
/// allowed one it says that it passed; that one was not answered is K02's, the rest of its way K04's.
fn said(call: &Call<'_>) -> Option<Said> {
    if call.policy == Policy::RefusesUnknown {
        return Some(match reached(call, Reach::Unknown)? {
            Said::Right => refused(call),
            other => other,
        });
    }
    if !is_allowed(call) {
        return None;
    }
    let Some(path) = call.path.as_ref().filter(|_| call.lost().is_none()) else {
        return Some(Said::Lost(call.lost().unwrap_or("nothing was tried").to_owned()));
    };
    let has = |sides: &[Side]| sides.contains(&Side::Client);
    let passed: Vec<Side> = path.facts.passthrough.iter().map(|(side, _)| *side).collect();
    Some(match (has(&path.facts.black_hole), has(&passed)) {
        (true, _) => Said::Wrong("the client's proxy sent the call to nowhere".to_owned()),
        (false, true) => Said::Right,
        (false, false) => Said::Lost("no line of its client's proxy says that it was passed through".to_owned()),
    })
}

/// A nodePort rewrites both ends, so that the way of an answered call to one is never known.
fn is_allowed(call: &Call<'_>) -> bool {
    let passes =
        matches!(&call.expected, Expected::Answer(answering) if answering.crossing.client == ClientLeg::Passthrough);
    passes && !matches!(call.cell.dial, Dial::NodePort(_))
}

fn refused(call: &Call<'_>) -> Said {
    let Some(path) = &call.path else { return Said::Lost("nothing was tried".to_owned()) };
    match client_line(path) {
        _ if path.facts.black_hole.contains(&Side::Client) => Said::Right,
        Some((cluster, _)) => Said::Wrong(format!("the client's proxy sent it to `{cluster}`, and not to nowhere")),
        None => Said::Lost("no line of its client's proxy says that it was refused there".to_owned()),
    }
}

fn client_line(path: &Path) -> Option<(&str, &str)> {
    path.hops.iter().find_map(|hop| match hop {
        Hop::Proxy { side: Side::Client, line } => {
            Some((line.cluster.as_deref().unwrap_or("no cluster"), line.place.as_str()))
        }
        _ => None,
    })
}

/// States what was not tried: a refusal proves something only beside a call that passes over the same family.
fn twins(case: &Case<'_>, calls: &Calls<'_>, findings: &mut Findings) {
    let mut tried: BTreeMap<IpFamily, [usize; 2]> = BTreeMap::new();
    for call in &calls.all {
        let Some(family) = call.family() else { continue };
        let counts = tried.entry(family).or_default();
        counts[0] += usize::from(call.policy == Policy::RefusesUnknown);
        counts[1] += usize::from(is_allowed(call));
    }
    for family in IpFamily::BOTH {
        let counts = tried.get(&family).copied().unwrap_or_default();
        for (count, what) in counts.into_iter().zip(["REGISTRY_ONLY", "ALLOW_ANY"]) {
            if count == 0 {
                let subject = format!("unknown destinations under {what}");
                let why = "no client of the matrix makes such a call";
                findings.lost(&subject, Some(family), &"at least one call", why, &case.scenario.file);
            }
        }
    }
}
