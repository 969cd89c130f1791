//! The calls of a matrix with all that they came to.

use std::collections::BTreeMap;

use super::ways::find_ways;
use dualproof_wire::ResolutionOutcome;

use crate::answer::{Departure, Weighed, weigh};
use crate::check::Case;
use crate::evidence::{CallStage, Evidence, RUN_LABEL, Testimony};
use crate::family::IpFamily;
use crate::matrix::{CallCell, Expansion, Gap, expand, roster};
use crate::path::Path;
use crate::plan::MeshKind;
use crate::spec::{Matrix, Mtls};
use crate::truth::{Expected, MeshWorld, World, expected_call};

/// Every call that a matrix owes and that the truth table speaks of.
pub(in crate::check) struct Calls<'a> {
    /// The calls, in the matrix's order; one that was made twice stands twice.
    pub(in crate::check) all: Vec<Call<'a>>,
    /// What of the matrix is not as the live objects are.
    pub(in crate::check) gaps: Vec<Gap>,
    /// There is a mesh.
    pub(in crate::check) meshed: bool,
}

/// One call.
pub(in crate::check) struct Call<'a> {
    /// Its cell.
    pub(in crate::check) cell: CallCell,
    /// What it must come to: an answer or a failure.
    pub(in crate::check) expected: Expected,
    /// What a policy at either end makes of it.
    pub(in crate::check) policy: Policy,
    /// What the prober said of it; `None` where it is not in the bundle.
    pub(in crate::check) testimony: Option<&'a Testimony>,
    /// What it came to.
    pub(in crate::check) weighed: Weighed,
    /// The way it took; `None` where nothing was tried.
    pub(in crate::check) path: Option<Path>,
}

/// What a server's demand for mTLS, or a client's for known destinations, makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Policy {
    /// Nothing: there is no demand, or the call fails for another reason.
    None,
    /// It is plaintext, and must fail for that alone.
    RefusesPlaintext,
    /// It speaks mTLS, and must not fail.
    TakesMutual,
    /// Its client knows nobody at the address, and must refuse it for that alone.
    RefusesUnknown,
}

impl<'a> Calls<'a> {
    /// Takes the calls of a matrix from the evidence.
    ///
    /// # Errors
    /// Why nothing can be expected: there is a mesh, and nothing is known of its version.
    pub(in crate::check) fn of(case: &Case<'a>, matrix: &Matrix) -> Result<Self, String> {
        let evidence = case.evidence;
        let meshed = evidence.manifest.cell.mesh != MeshKind::None;
        let permissive = match (meshed, case.shapes) {
            (false, _) => World::NO_MESH,
            (true, Some(shapes)) => World::meshed(shapes),
            (true, None) => return Err("no version profile fits the mesh's version".to_owned()),
        };
        let roster = roster(matrix, &evidence.objects, meshed, evidence.manifest.cell.provider);
        let Expansion { cells, gaps } = expand(&roster, &evidence.objects);
        let mut told: BTreeMap<&str, Vec<&Testimony>> = BTreeMap::new();
        for testimony in evidence.testimonies.iter().filter(|testimony| testimony.stage == CallStage::Mesh) {
            told.entry(&testimony.cell).or_default().push(testimony);
        }
        let mut all = Vec::new();
        for cell in cells {
            let world = permissive.around(&cell, matrix);
            let mtls = matrix.mtls(&cell.service.namespace, &cell.service.name);
            let expected = expected_call(&cell, &world);
            if !matches!(expected, Expected::Answer(_) | Expected::Failure(_)) {
                continue;
            }
            let policy = match (&expected, expected_call(&cell, &permissive)) {
                (Expected::Failure(_), Expected::Answer(_)) if is_refused_by_client(&cell, &permissive, matrix) => {
                    Policy::RefusesUnknown
                }
                (Expected::Failure(_), Expected::Answer(_)) => Policy::RefusesPlaintext,
                (Expected::Answer(answering), _) if mtls == Mtls::Strict && answering.crossing.mutual => {
                    Policy::TakesMutual
                }
                _ => Policy::None,
            };
            let call = |testimony: Option<&'a Testimony>| Call {
                weighed: match testimony {
                    Some(told) => weigh(told, &cell, &expected, &evidence.objects, run_of(&cell, evidence)),
                    None => Weighed::Lost(case.why_missing(TESTIMONY)),
                },
                cell: cell.clone(),
                expected: expected.clone(),
                policy,
                testimony,
                path: None,
            };
            match told.get(cell.id.as_str()) {
                None => all.push(call(None)),
                Some(told) => all.extend(told.iter().map(|testimony| call(Some(testimony)))),
            }
        }
        let mut calls = Self { all, gaps, meshed };
        find_ways(&mut calls, case.evidence);
        Ok(calls)
    }
}

/// The file of the testimonies.
pub(super) const TESTIMONY: &str = "testimony.jsonl";

impl Call<'_> {
    /// Returns the family that the call is about: the one that is forced, or the one that must be dialled.
    pub(in crate::check) fn family(&self) -> Option<IpFamily> {
        self.cell.family.or(match &self.expected {
            Expected::Answer(answering) => Some(answering.dialled),
            _ => None,
        })
    }

    /// Lists in what the call departs from what was expected; nothing for a call that is right, and for one that is lost.
    pub(in crate::check) fn departures(&self) -> &[Departure] {
        match &self.weighed {
            Weighed::Wrong(departures) => departures,
            _ => &[],
        }
    }

    /// Tells why nothing is known of the call; `None` for one that was told of.
    pub(in crate::check) fn lost(&self) -> Option<&str> {
        match &self.weighed {
            Weighed::Lost(why) => Some(why),
            _ => None,
        }
    }

    /// Tells whether the call ended before any address was tried: at its look-up.
    pub(in crate::check) fn ended_at_lookup(&self) -> bool {
        let report = self.testimony.and_then(Testimony::report);
        report.is_some_and(|report| report.attempts.is_empty() && !report.resolutions.is_empty())
    }

    /// Tells whether the resolver failed at one of the call's questions: that the call went another way, or nowhere, is then the
    /// resolver's doing. NXDOMAIN is none: a search goes through names that are not there.
    pub(in crate::check) fn lookup_failed(&self) -> bool {
        let asked = self.testimony.and_then(Testimony::report).map_or(&[][..], |report| &report.resolutions);
        let is_answer = |outcome: &ResolutionOutcome| {
            matches!(outcome, ResolutionOutcome::Answered | ResolutionOutcome::NoData | ResolutionOutcome::NxDomain)
        };
        asked.iter().any(|question| !is_answer(&question.outcome))
    }

    /// Tells whether the client itself tried an address of another family before the one that it ended at.
    pub(in crate::check) fn fell_back(&self) -> bool {
        let attempts = self.testimony.and_then(Testimony::report).map_or(&[][..], |report| &report.attempts);
        matches!(attempts, [first, .., last] if first.address.is_ipv4() != last.address.is_ipv4())
    }

    /// Names the call's line in the bundle.
    pub(in crate::check) fn place(&self) -> String {
        match self.testimony {
            Some(testimony) => format!("{TESTIMONY}#{}", testimony.ask.id),
            None => TESTIMONY.to_owned(),
        }
    }
}

/// Tells whether it is the client's own policy that refuses, whatever the server demands.
fn is_refused_by_client(cell: &CallCell, permissive: &World, matrix: &Matrix) -> bool {
    let outbound = matrix.outbound(&cell.client.name);
    let mesh = permissive.mesh.map(|mesh| MeshWorld { outbound, ..mesh });
    matches!(expected_call(cell, &World { mesh }), Expected::Failure(_))
}

/// Tells which run deployed a cell's servers: their own label says it. A cell that is judged again as it is was deployed by an
/// earlier run.
fn run_of<'a>(cell: &CallCell, evidence: &'a Evidence) -> &'a str {
    let labelled = cell.servers.iter().find_map(|server| evidence.objects.pod(&server.pod)?.meta.labels.get(RUN_LABEL));
    labelled.unwrap_or(&evidence.manifest.run)
}
