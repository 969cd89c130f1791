//! Whether a call was answered where it should be, and not where it should not.

use dualproof_wire::Bind;

use super::{Call, Policy, Said, Statement, is_identity, judge};
use crate::answer::Departure;
use crate::check::{Case, Judged};
use crate::matrix::{ClientKind, Dial, ServerKind};
use crate::truth::{Ending, Expected};

/// The kinds of calls, each with the check that says whether they were answered. Every call is of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Reach {
    /// A name without an address of the family: what the resolver says of it is all there is (K19, K20).
    NoName,
    /// The client takes known destinations alone, and this is none (K25).
    Unknown,
    /// The server demands mTLS: plaintext that must fail for that alone, and mTLS that must not (K05).
    Policy,
    /// The server is bound to less than both families (K17).
    Bind,
    /// Neither end has a sidecar (K44).
    Naked,
    /// By name (K03).
    Name,
    /// By a literal address (K02).
    Literal,
}

impl Reach {
    fn of(call: &Call<'_>) -> Self {
        let cell = &call.cell;
        match (&cell.dial, &call.expected) {
            (_, Expected::Failure(failing)) if failing.endings == [Ending::NoData].into() => Self::NoName,
            _ if call.policy == Policy::RefusesUnknown => Self::Unknown,
            _ if call.policy != Policy::None => Self::Policy,
            _ if cell.bind != Bind::DualAny => Self::Bind,
            _ if cell.client.kind != ClientKind::Meshed && cell.server == ServerKind::Naked => Self::Naked,
            (Dial::Name(_), _) => Self::Name,
            (Dial::ClusterIp | Dial::PodIp(_) | Dial::NodePort(_), _) => Self::Literal,
        }
    }
}

/// Says of a call of one kind whether it ended as it should; nothing of other calls.
///
/// A call that ended at its look-up is lost here, for the resolver has checks of its own; so is one that was answered by
/// somebody else than it should.
pub(in crate::check) fn reached(call: &Call<'_>, wanted: Reach) -> Option<Said> {
    (Reach::of(call) == wanted).then(|| ended(call))
}

/// Asks every call of one kind whether it ended as it should: all that a check has to say whose matter is its kind alone.
pub(in crate::check) fn judge_reach(case: &Case<'_>, wanted: Reach) -> Judged {
    judge(
        case,
        "an end as the truth table has it",
        |calls, call| reached(call, wanted).map(|said| Statement::traced(calls, call, said)).into_iter().collect(),
        |_, _| {},
    )
}

fn ended(call: &Call<'_>) -> Said {
    if let Some(why) = call.lost() {
        return Said::Lost(why.to_owned());
    }
    if call.ended_at_lookup() {
        return Said::Lost("its name was not resolved, so nothing was dialled".to_owned());
    }
    if let Some(identity) = call.departures().iter().find(|departure| is_identity(departure)) {
        return Said::Lost(format!("it was not answered by whom it should: {identity}"));
    }
    unless_lookup_failed(
        call,
        Said::of(call.departures().iter().filter(|departure| matches!(departure, Departure::Ended { .. }))),
    )
}

/// Leaves what is wrong with a call to the resolver's checks where a question for its name failed.
pub(in crate::check) fn unless_lookup_failed(call: &Call<'_>, said: Said) -> Said {
    match said {
        Said::Wrong(words) if call.lookup_failed() => {
            Said::Lost(format!("{words}; a question for its name failed, so it is not known where it would have gone"))
        }
        said => said,
    }
}
