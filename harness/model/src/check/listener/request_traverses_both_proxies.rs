//! K04: calls cross the proxies of both ends, by the Service's own clusters, and the proxies know each other.

use dualproof_wire::Protocol;

use crate::answer::Departure;
use crate::check::calling::{self, Call, Calls, Said, Statement, is_identity, is_peer};
use crate::check::{Case, Check, Judged};
use crate::evidence::PodRef;
use crate::matrix::{Dial, Gap};
use crate::path::{Hop, Identity, Path, Proof, Stray, strays};
use crate::spec::Profile;
use crate::truth::{Answering, Crossing, Expected};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const REQUEST_TRAVERSES_BOTH_PROXIES: Check = Check {
    key: "K04",
    slug: "request-traverses-both-proxies",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "every answered call went through the proxies that it should, by the Service's own clusters, with the identities that \
            belong to it",
    why: "an IPv6 address without a listener is passed through and still answered (istio/istio#55577); without redirect rules \
          for IPv6 the sidecar is skipped and the echo works (istio/istio#38041, istio/istio#46625, linkerd/linkerd2-proxy-init#388)",
    cure: "the places name the log lines of the call. `PassthroughCluster`: `istioctl proxy-config listeners POD --address ADDRESS` \
           and Sidecar resources that hide the Service; a proxy that was not crossed: K10 and `ip6tables-save -t nat` in the pod's \
           namespace; no identity: `istioctl proxy-config clusters POD -o json` for the transport socket",
    needs_mesh: true,
    judge,
};

/// What holds of a call that is proven by counters: the way, and nothing of sockets and certificates.
const BY_COUNTERS: &str = "the way of the truth table, proof: counters";

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(case, "the way of the truth table, proof: access logs", |_, call| stated(case, call), sidecars)
}

/// States nothing of calls that cross no proxy: those between naked ends, and datagrams.
fn stated(case: &Case<'_>, call: &Call<'_>) -> Vec<Statement> {
    let Expected::Answer(answering) = &call.expected else { return Vec::new() };
    if answering.crossing == Crossing::NONE {
        return Vec::new();
    }
    let unknown = call.lost().map(str::to_owned).or_else(|| not_answered(call));
    let said = match (unknown, &call.path) {
        (Some(why), _) => Said::Lost(why),
        (None, None) => Said::Lost("nothing was tried".to_owned()),
        (None, Some(path)) if is_one_of_many(call, path) => match by_peer(call) {
            Said::Right => return Vec::new(),
            other => other,
        },
        (None, Some(path)) => by(case, path, call, answering),
    };
    let places = call.path.iter().flat_map(|path| &path.hops).filter_map(|hop| match hop {
        Hop::Proxy { line, .. } => Some(line.place.clone()),
        Hop::Client { .. } | Hop::Application { .. } => None,
    });
    vec![Statement { places: places.collect(), ..Statement::of(call, said) }]
}

/// Tells whether nothing can tell a call's line at the server from another's: the server's proxy sends one HTTP request after another
/// over a connection of its own, and behind a nodePort no line has the client's socket.
fn is_one_of_many(call: &Call<'_>, path: &Path) -> bool {
    let is_http = matches!(call.cell.protocol, Protocol::Http1 | Protocol::H2c);
    is_http && matches!(call.cell.dial, Dial::NodePort(_)) && matches!(path.proof, Proof::Ambiguous { .. })
}

fn by_peer(call: &Call<'_>) -> Said {
    Said::of(call.departures().iter().filter(|departure| is_peer(departure)))
}

fn not_answered(call: &Call<'_>) -> Option<String> {
    let wrong = |departure: &&Departure| is_identity(departure) || matches!(departure, Departure::Ended { .. });
    call.departures().iter().find(wrong).map(|departure| format!("it was not answered by whom it should: {departure}"))
}

fn by(case: &Case<'_>, path: &Path, call: &Call<'_>, answering: &Answering) -> Said {
    // Whom the server sees is its own word: that it is not its sidecar needs no chain.
    let mut words: Vec<String> =
        call.departures().iter().filter(|departure| is_peer(departure)).map(ToString::to_string).collect();
    match &path.proof {
        Proof::Ambiguous { why } if words.is_empty() => return Said::Lost(format!("its way is ambiguous: {why}")),
        Proof::Incomplete { missing } if words.is_empty() => {
            return Said::Lost(format!("its way lacks {}", missing.join(" and ")));
        }
        Proof::Ambiguous { .. } | Proof::Incomplete { .. } => return Said::Wrong(words.join(", ")),
        Proof::Counters if words.is_empty() => return Said::Weaker(BY_COUNTERS),
        Proof::Counters | Proof::Proven | Proof::Ends => {}
    }
    // A family alone is K01's: there it is told by both ends.
    let of_way = strays(path, &call.cell, answering);
    let of_way = of_way.iter().filter(|stray| !matches!(stray, Stray::OtherFamily { .. }));
    words.splice(0..0, of_way.map(ToString::to_string));
    words.extend(strangers(case, path, call));
    if words.is_empty() { Said::Right } else { Said::Wrong(words.join(", ")) }
}

/// Names the certificates that do not belong to the pods at the ends: a SPIFFE id ends with namespace and service account
/// (istio/istio:pkg/spiffe/spiffe.go). Where the pod is not known nothing is said.
fn strangers(case: &Case<'_>, path: &Path, call: &Call<'_>) -> Vec<String> {
    let Identity::Mutual { client, server } = &path.facts.identity else { return Vec::new() };
    let application = path.hops.iter().find_map(|hop| match hop {
        Hop::Application { pod, .. } => Some(pod),
        Hop::Client { .. } | Hop::Proxy { .. } => None,
    });
    let ends = [("client", client, call.cell.client.pod.as_ref()), ("server", server, application)];
    let stranger = |(end, seen, pod): (&str, &String, Option<&PodRef>)| {
        let pod = case.evidence.objects.pod(pod?)?;
        let expected = format!("/ns/{}/sa/{}", pod.meta.namespace, pod.service_account);
        (!seen.ends_with(&expected)).then(|| format!("the {end}'s certificate is `{seen}`, expected `…{expected}`"))
    };
    ends.into_iter().filter_map(stranger).collect()
}

/// States the pods that have a sidecar against the scenario, or lack one.
fn sidecars(calls: &Calls<'_>, findings: &mut Findings) {
    for gap in &calls.gaps {
        let Gap::Sidecar { pod, sidecar } = gap else { continue };
        let word = |has: bool| if has { "a sidecar" } else { "no sidecar" };
        findings.equal(&format!("proxy of {pod}"), None, &word(!sidecar), &word(*sidecar), "objects/pods.json");
    }
}
