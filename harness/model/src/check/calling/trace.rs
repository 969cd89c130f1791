//! Where a call was lost, by the evidence on both sides of each edge.
//!
//! That a call was not answered says nothing of the place. A client without a proxy of its own hears the network itself; for a client
//! with one, the same call from such a client tells cluster from mesh, and then the lines of the proxies tell how far it came.

use dualproof_wire::Outcome;

use super::{Call, Calls};
use crate::answer::Departure;
use crate::evidence::AccessLogLine;
use crate::matrix::{ClientKind, Dial, ServerKind};
use crate::path::{Hop, Side};
use crate::truth::Ending;
use crate::verdict::Layer;

/// Tells at which layer a call was lost that did not end as it should; `None` of one that did. What its own proxy never saw was not
/// redirected.
pub(in crate::check) fn lost_at(calls: &Calls<'_>, call: &Call<'_>) -> Option<Layer> {
    let seen = ended(call)?;
    if call.cell.client.kind != ClientKind::Meshed {
        return Some(of_naked(call, seen));
    }
    let twin = calls.all.iter().find(|other| is_twin(call, other) && ended(other).is_some());
    if let Some(twin) = twin.and_then(|twin| Some(of_naked(twin, ended(twin)?)))
        && twin == Layer::ServicePath
    {
        return Some(twin);
    }
    Some(of_meshed(call))
}

/// How a call ended that should have been answered or should have ended otherwise; `None` for a call that ended as it should.
fn ended(call: &Call<'_>) -> Option<Option<Ending>> {
    call.departures().iter().find_map(|departure| match departure {
        Departure::Ended { seen, .. } => Some(*seen),
        _ => None,
    })
}

/// A naked client's connect is the network's own word. Only a pod whose sidecar took the connection, or that has none and refused it, was
/// reached.
fn of_naked(call: &Call<'_>, seen: Option<Ending>) -> Layer {
    let was_reached = match seen {
        Some(Ending::Timeout | Ending::Unreachable) => connected(call),
        Some(Ending::Refused) => call.cell.server == ServerKind::Naked,
        _ => true,
    };
    if was_reached { Layer::Application } else { Layer::ServicePath }
}

fn connected(call: &Call<'_>) -> bool {
    let report = call.testimony.and_then(|testimony| testimony.report());
    report.is_some_and(|report| report.attempts.iter().any(|attempt| attempt.connect_micros.is_some()))
}

/// Tells whether two calls differ in nothing but the client's sidecar.
fn is_twin(call: &Call<'_>, other: &Call<'_>) -> bool {
    let (one, two) = (&call.cell, &other.cell);
    two.client.kind == ClientKind::Naked
        && (&one.service.namespace, &one.service.name) == (&two.service.namespace, &two.service.name)
        && (one.number, one.protocol, &one.dial) == (two.number, two.protocol, &two.dial)
        && call.family() == other.family()
}

fn of_meshed(call: &Call<'_>) -> Layer {
    let outcome = call.testimony.and_then(|testimony| testimony.report()).map(|report| &report.outcome);
    if matches!(outcome, Some(Outcome::NoData | Outcome::NxDomain | Outcome::ServFail)) {
        return Layer::Dns;
    }
    let hops = call.path.as_ref().map_or(&[][..], |path| &path.hops);
    let of = |wanted: Side| {
        hops.iter().find_map(|hop| match hop {
            Hop::Proxy { side, line } if *side == wanted => Some(&**line),
            _ => None,
        })
    };
    match (of(Side::Client), of(Side::Server)) {
        (_, Some(_)) => Layer::Application,
        (Some(line), None) => at_client(call, line),
        (None, None) => Layer::Redirect,
    }
}

/// By the flags of the client's proxy (envoyproxy/envoy:docs/root/configuration/observability/access_log/usage.rst).
fn at_client(call: &Call<'_>, line: &AccessLogLine) -> Layer {
    let is_known = !matches!(call.cell.dial, Dial::PodIp(_) | Dial::NodePort(_));
    let has = |flag: &str| line.flags.iter().any(|seen| seen == flag);
    match () {
        () if has("NR") => Layer::Route,
        () if has("NC") => Layer::Cluster,
        () if has("UH") => Layer::Endpoint,
        () if is_known && (line.is_passthrough() || line.is_black_hole()) => Layer::Listener,
        () if line.transport_failure.is_some() => Layer::Transport,
        () => Layer::Endpoint,
    }
}
