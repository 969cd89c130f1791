//! Two runs of a kind: what one holds and the other does not, and which of it has a known reason.

mod explain;
mod pattern;
mod place;
mod reason;
mod roles;
mod sequence;
mod thing;
mod things;

use std::collections::BTreeSet;

pub use reason::{DifferenceReason, difference_reasons};

use crate::evidence::Evidence;
use crate::spec::{Matrix, Shapes};
use explain::Explainer;
use sequence::{Line, apart};
use thing::Thing;
use things::things;

/// What stands in one of two bundles alone, for one thing that both could have, and has no known reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlike {
    /// What it is: `listener service dual-stack/tcp-echo over IPv6 port 9000 of pod sleep/sleep#0`.
    pub what: String,
    /// What only the first has. A rule that stands on both sides stands at another place in the chain.
    pub only_a: BTreeSet<String>,
    /// What only the second has.
    pub only_b: BTreeSet<String>,
}

/// A reason that explains something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The reason.
    pub reason: String,
    /// The things in which it explains something, though others may explain the rest, or nobody does.
    pub things: BTreeSet<String>,
}

/// Two bundles of the same kind of mesh, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Likeness {
    /// How many things were compared.
    pub compared: usize,
    /// How many of them are not alike, and all that is not has a reason.
    pub explained: usize,
    /// What is not alike and has no reason; empty when both are alike or all is explained.
    pub unlike: Vec<Unlike>,
    /// The reasons that explain something, as the data has them.
    pub reasons: Vec<Explained>,
    /// Where a reason for these two kinds of mesh says that they differ, and they do not: the reason, and the place.
    pub unused: Vec<(String, String)>,
}

/// One of two bundles.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What it holds.
    pub evidence: &'a Evidence,
    /// The shapes of its mesh; `None` without one, and where they are not known: then nobody knows which ends of a call are equally right.
    pub shapes: Option<&'a Shapes>,
}

/// What one of two bundles has of a thing and the other has not.
struct Apart {
    /// The thing.
    thing: Thing,
    /// Whether the first has the thing at all, and whether the second has.
    is_there: [bool; 2],
    /// What only the first has, and what only the second has.
    only: [Vec<Line>; 2],
}

/// Compares what two bundles hold: listeners, clusters and endpoints of every proxy, rules and open TCP ports of every namespace, and how each call
/// of the matrices ended. Addresses are told by what they stand for, pods by their `app`, so that two runs that behave alike are equal. Rules
/// that are in another order are another rule set. Ends of a call that are equally right by the truth table, where chance decides, are the same. What the reasons for these two kinds of mesh explain is counted apart.
#[must_use]
pub fn likeness(sides: [Side<'_>; 2], matrices: &[&Matrix], reasons: &[DifferenceReason]) -> Likeness {
    let mut explainer = Explainer::new(reasons, sides.map(|side| side.evidence.manifest.cell.mesh));
    let [a, b] = sides.map(|side| things(&side, matrices));
    let all: BTreeSet<&Thing> = a.keys().chain(b.keys()).collect();
    let mut likeness = Likeness { compared: all.len(), ..Likeness::default() };
    for thing in all {
        let held = [a.get(thing), b.get(thing)];
        let [one, other] = held.map(|lines| lines.map(Vec::as_slice).unwrap_or_default());
        let mut apart =
            Apart { thing: thing.clone(), is_there: held.map(|held| held.is_some()), only: apart(one, other) };
        if apart.only.iter().all(Vec::is_empty) {
            continue;
        }
        explainer.explain(&mut apart);
        let [only_a, only_b] = apart.only.map(|lines| lines.into_iter().map(|line| line.text).collect::<BTreeSet<_>>());
        if only_a.is_empty() && only_b.is_empty() {
            likeness.explained += 1;
        } else {
            likeness.unlike.push(Unlike { what: thing.to_string(), only_a, only_b });
        }
    }
    (likeness.reasons, likeness.unused) = explainer.said();
    likeness
}
