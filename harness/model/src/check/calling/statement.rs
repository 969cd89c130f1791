//! What a check says of one call.

use super::{Call, Calls, lost_at};
use crate::answer::{Departure, End};
use crate::family::IpFamily;
use crate::matrix::{ClientKind, Dial};
use crate::truth::{Answering, Expected, Failing};
use crate::verdict::Layer;

/// What a check says of one call.
pub(in crate::check) struct Statement {
    /// The family that it is about; `None` when it is about neither alone.
    pub(in crate::check) family: Option<IpFamily>,
    /// What was expected, in words.
    pub(in crate::check) expected: String,
    /// What was seen.
    pub(in crate::check) said: Said,
    /// The layer at which the evidence shows the call to be lost; `None` for that of the check.
    pub(in crate::check) layer: Option<Layer>,
    /// Places in the bundle besides the call's own line.
    pub(in crate::check) places: Vec<String>,
}

/// Whether the call is as it should be.
pub(in crate::check) enum Said {
    /// It is.
    Right,
    /// It is, by another proof than the check's own: its words instead of the check's.
    Weaker(&'static str),
    /// It is not, in words.
    Wrong(String),
    /// Nothing can be said, and why.
    Lost(String),
}

impl Statement {
    /// Says something of a call as the truth table has it.
    pub(in crate::check) fn of(call: &Call<'_>, said: Said) -> Self {
        let family = if matches!(said, Said::Wrong(_)) { blamed(call) } else { call.family() };
        Self { family, expected: expected(&call.expected), said, layer: None, places: Vec::new() }
    }

    /// Says so of a call that was not answered as it should be, with the layer at which it was lost.
    pub(in crate::check) fn traced(calls: &Calls<'_>, call: &Call<'_>, said: Said) -> Self {
        let layer = if matches!(said, Said::Wrong(_)) { lost_at(calls, call) } else { None };
        Self { layer, ..Self::of(call, said) }
    }
}

impl Said {
    /// Says that these departures are wrong, or that the call is right when there is none.
    pub(in crate::check) fn of<'d>(departures: impl Iterator<Item = &'d Departure>) -> Self {
        let words: Vec<String> = departures.map(ToString::to_string).collect();
        if words.is_empty() { Self::Right } else { Self::Wrong(words.join(", ")) }
    }
}

/// Returns the family that was lost on a call that is wrong. Where the client's proxy may take either, an answer over the other one
/// tells; a call that was not answered at all lost both, or one of them: nobody can say.
fn blamed(call: &Call<'_>) -> Option<IpFamily> {
    let astray = call.departures().iter().find_map(|departure| match departure {
        Departure::OtherFamily { end: End::Local, expected, .. } if expected.len() == 1 => expected.first().copied(),
        _ => None,
    });
    // Envoy has one endpoint for a pod with all of its addresses, and tries one after the other.
    let by_endpoint = call.cell.client.kind == ClientKind::Meshed && call.cell.service.cluster_ips > 1;
    let may_choose = by_endpoint && !matches!(call.cell.dial, Dial::PodIp(_) | Dial::NodePort(_));
    let was_lost = call.departures().iter().any(|departure| matches!(departure, Departure::Ended { .. }));
    astray.or_else(|| call.family().filter(|_| !(may_choose && was_lost)))
}

fn expected(expected: &Expected) -> String {
    match expected {
        Expected::Answer(Answering { dialled, arrival, crossing, because, .. }) => {
            let arrival: Vec<String> = arrival.iter().map(ToString::to_string).collect();
            format!(
                "an answer, dialled over {dialled}, arriving over {}, by {crossing}: {because}",
                arrival.join(" or ")
            )
        }
        Expected::Failure(Failing { endings, because, .. }) => {
            let endings: Vec<String> = endings.iter().map(ToString::to_string).collect();
            format!("no answer but {}: {because}", endings.join(" or "))
        }
        Expected::NotApplicable(why) => why.clone(),
        Expected::Unstated(why) => (*why).to_owned(),
    }
}
