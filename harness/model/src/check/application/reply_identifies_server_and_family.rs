//! K01: every answer names the server that it should come from, and both its sockets have the right family.

use crate::answer::{Departure, End};
use crate::check::calling::{self, Call, Said, Statement, is_family, is_identity, unless_lookup_failed};
use crate::check::{Case, Check, Judged};
use crate::matrix::Dial;
use crate::path::{Proof, Stray, strays};
use crate::spec::Profile;
use crate::truth::{Crossing, Expected};
use crate::verdict::Layer;

pub(in crate::check) const REPLY_IDENTIFIES_SERVER_AND_FAMILY: Check = Check {
    key: "K01",
    slug: "reply-identifies-server-and-family",
    layer: Layer::Application,
    profile: Profile::Core,
    title: "every answer repeats the call's token and names run, pod, port and bind of a server behind the address, over the \
            family that the truth table has",
    why: "the samples' echo is the client's own word, so whoever answers passes: calls were sent to the wrong server \
          (antrea-io/antrea#2331), and all of them arrived over IPv4 whatever the Service's families while every echo was right \
          (istio/istio#51279)",
    cure: "compare the named pod with `kubectl get endpointslices -n NAMESPACE -l kubernetes.io/service-name=NAME -o yaml`: a slice \
           that nobody but a person manages has no label endpointslice.kubernetes.io/managed-by; for a family, compare `kubectl \
           get pod POD -o jsonpath='{.status.podIPs}'` with `istioctl proxy-config endpoints CLIENT`",
    needs_mesh: false,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(
        case,
        "an answer of a server behind the address, over the right family",
        |_, call| said(call).map(|said| statement(call, said)).into_iter().collect(),
        |_, _| {},
    )
}

/// That the right server answered over the other family says that the first was lost, and not where.
fn statement(call: &Call<'_>, said: Said) -> Statement {
    let is_wrong = matches!(said, Said::Wrong(_));
    let layer = (is_wrong && !call.departures().iter().any(is_identity)).then_some(Layer::Application);
    Statement { layer, ..Statement::of(call, said) }
}

fn said(call: &Call<'_>) -> Option<Said> {
    if !matches!(call.expected, Expected::Answer(_)) {
        return None;
    }
    if let Some(why) = call.lost() {
        return Some(Said::Lost(why.to_owned()));
    }
    if call.departures().iter().any(|departure| matches!(departure, Departure::Ended { .. })) {
        return Some(Said::Lost("nobody answered".to_owned()));
    }
    let own = call.departures().iter().filter(|departure| is_own(departure, call));
    Some(unless_lookup_failed(call, Said::of(own)))
}

/// The family that a client chose for a name is K03's. One that a call arrived over because it went round a proxy is K04's.
fn is_own(departure: &Departure, call: &Call<'_>) -> bool {
    let by_name = matches!(call.cell.dial, Dial::Name(_));
    is_identity(departure)
        || (is_family(departure, End::Client) && !by_name)
        || (is_family(departure, End::Local) && !went_astray(call) && !call.fell_back())
}

fn went_astray(call: &Call<'_>) -> bool {
    let (Some(path), Expected::Answer(answering)) = (&call.path, &call.expected) else { return false };
    answering.crossing != Crossing::NONE
        && path.proof == Proof::Proven
        && strays(path, &call.cell, answering).iter().any(|stray| !matches!(stray, Stray::OtherFamily { .. }))
}
