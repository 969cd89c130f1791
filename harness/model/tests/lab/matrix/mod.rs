//! A cluster with a call matrix, and what its calls leave behind when all is well.
//!
//! The calls are played by a small simulation ([`net`]) that knows which packet goes where and nothing of the truth table: what
//! the table says is compared with what comes of it.

mod cluster;
mod log;
mod net;

use std::collections::BTreeSet;

use dualproof_model::check;
use dualproof_model::evidence::{Evidence, Manifest, Testimony, Told};
use dualproof_model::family::FamilyOrder;
use dualproof_model::matrix::{expand, roster};
use dualproof_model::plan::{Cell, MeshKind, ProviderKind};
use dualproof_model::spec::{self, Scenario};
use dualproof_wire::{Answer, Outcome, Report, seal, unseal};

use net::Net;

/// The run that deployed the servers.
pub(crate) const RUN: &str = "run-1";
/// The checks that ask the calls of a matrix.
pub(crate) const OF_CALLS: [&str; 11] = ["K03", "K19", "K20", "K02", "K44", "K04", "K25", "K05", "K01", "K17", "K31"];

/// What the cluster is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatrixWorld {
    /// The order of the cluster's families.
    pub(crate) order: FamilyOrder,
    /// Pods have sidecars where the scenario wants them.
    pub(crate) meshed: bool,
}

impl MatrixWorld {
    /// A cluster with a mesh.
    pub(crate) fn meshed(order: FamilyOrder) -> Self {
        Self { order, meshed: true }
    }

    /// The scenario.
    pub(crate) fn scenario(self) -> Scenario {
        let text = format!("title: it holds\n{}checks: [{}]\n", cluster::MATRIX, OF_CALLS.join(", "));
        spec::scenario("scenarios/matrix/calls.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Evidence over which every check of calls is green.
    pub(crate) fn evidence(self) -> Evidence {
        let mesh = if self.meshed { MeshKind::Istio } else { MeshKind::None };
        let cell = Cell { order: self.order, nodes: 2, mesh, ..Cell::default() };
        let manifest = Manifest { run: RUN.to_owned(), cell, ..Manifest::default() };
        let mut evidence = Evidence { manifest, objects: cluster::objects(self), ..Evidence::default() };
        let matrix = self.scenario().matrix.unwrap_or_else(|| panic!("no matrix"));
        let expansion = expand(&roster(&matrix, &evidence.objects, self.meshed, ProviderKind::Kind), &evidence.objects);
        assert_eq!(expansion.gaps, []);
        let mut net = Net::new(&evidence.objects);
        let cells = expansion.cells.iter();
        let calls =
            cells.filter_map(|cell| Some((&cell.id, cell.client.pod.as_ref(), cell.protocol, cell.to.clone().ok()?)));
        for (number, (id, client, protocol, to)) in calls.enumerate() {
            evidence.testimonies.push(net.call(number, id, client, protocol, to));
        }
        evidence.access_log = net.into_lines();
        evidence
    }
}

/// Lists the checks that look at a Service and its claim, or at the cluster.
pub(crate) fn not_of_calls() -> impl Iterator<Item = &'static check::Check> {
    let calls: BTreeSet<&str> = OF_CALLS.into();
    check::all().iter().filter(move |check| !calls.contains(check.key))
}

/// Finds the calls whose cell's id holds all of these words.
pub(crate) fn told<'a>(evidence: &'a mut Evidence, words: &[&str]) -> Vec<&'a mut Testimony> {
    let found: Vec<&mut Testimony> =
        evidence.testimonies.iter_mut().filter(|told| words.iter().all(|word| told.cell.contains(word))).collect();
    assert!(!found.is_empty(), "no call has {words:?}");
    found
}

/// Returns the report of a call.
pub(crate) fn report(testimony: &mut Testimony) -> &mut Report {
    match &mut testimony.told {
        Told::Report(report) => report,
        Told::Lost(why) => panic!("{why}"),
    }
}

/// Lets a call end in another way.
pub(crate) fn end(testimony: &mut Testimony, outcome: &Outcome) {
    let report = report(testimony);
    if let Some(last) = report.attempts.last_mut() {
        last.outcome = outcome.clone();
    }
    report.outcome = outcome.clone();
}

/// Changes the answer of a call; nothing where it was not answered.
pub(crate) fn answer(testimony: &mut Testimony, change: impl FnOnce(&mut Answer)) {
    let Outcome::Replied(text) = &report(testimony).outcome else { return };
    let (greeting, line) = text.rsplit_once('\n').map_or((None, text.as_str()), |(first, last)| (Some(first), last));
    let line = unseal(line).unwrap_or_else(|error| panic!("{error}"));
    let mut answer: Answer = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}"));
    change(&mut answer);
    let greeting = greeting.map(|_| said(&Answer { token: None, ..answer.clone() }) + "\n").unwrap_or_default();
    end(testimony, &Outcome::Replied(greeting + &said(&answer)));
}

/// Spells an answer as the server does.
fn said(answer: &Answer) -> String {
    serde_json::to_string(answer).map(|text| seal(&text)).unwrap_or_else(|error| panic!("{error}"))
}
