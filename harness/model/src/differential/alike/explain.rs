//! Reasons at work: what they explain, and where they explain nothing.

use std::collections::BTreeSet;

use super::place::Place;
use super::{Apart, DifferenceReason, Explained};
use crate::plan::MeshKind;

/// The reasons for two kinds of mesh, with what they have explained.
pub(super) struct Explainer<'a> {
    kinds: [MeshKind; 2],
    reasons: Vec<Reason<'a>>,
}

struct Reason<'a> {
    says: &'a str,
    places: Vec<(&'a Place, bool)>,
    things: BTreeSet<String>,
}

impl<'a> Explainer<'a> {
    /// Takes the reasons for these kinds, in whichever order.
    pub(super) fn new(reasons: &'a [DifferenceReason], kinds: [MeshKind; 2]) -> Self {
        let [a, b] = kinds;
        let is_for_them = |reason: &&DifferenceReason| reason.between == [a, b] || reason.between == [b, a];
        let reasons = reasons.iter().filter(is_for_them).map(|reason| Reason {
            says: &reason.reason,
            places: reason.places.iter().map(|place| (place, false)).collect(),
            things: BTreeSet::new(),
        });
        Self { kinds, reasons: reasons.collect() }
    }

    /// Takes away what has a reason.
    pub(super) fn explain(&mut self, apart: &mut Apart) {
        for reason in &mut self.reasons {
            for (place, is_used) in &mut reason.places {
                if place.take(apart, self.kinds) {
                    *is_used = true;
                    reason.things.insert(apart.thing.to_string());
                }
            }
        }
    }

    /// Says what the reasons have explained, and the reasons with the places where they explain nothing.
    pub(super) fn said(self) -> (Vec<Explained>, Vec<(String, String)>) {
        let (mut explained, mut unused) = (Vec::new(), Vec::new());
        for Reason { says, places, things } in self.reasons {
            let idle = places.iter().filter(|(_, is_used)| !is_used);
            unused.extend(idle.map(|(place, _)| (says.to_owned(), place.to_string())));
            if !things.is_empty() {
                explained.push(Explained { reason: says.to_owned(), things });
            }
        }
        (explained, unused)
    }
}
