//! What `diff` says of two bundles, as a document and as lines.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::plain::plain;
use super::{Conclusion, REPORT_API_VERSION};
use crate::differential::{CellDifference, Difference, Differential, Explained, Likeness, Won};
use crate::evidence::Manifest;
use crate::family::PerFamily;

/// What came of two bundles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceReport {
    /// Always [`REPORT_API_VERSION`].
    pub api_version: &'static str,
    /// `MeshDifferential` for a run with a mesh beside one without, `EvidenceDifference` for two runs of a kind.
    pub kind: &'static str,
    /// The first bundle: its cell and run. Of a mesh differential the one with the mesh.
    pub a: String,
    /// The second.
    pub b: String,
    /// Conforms when nothing is news; see [`DifferenceReport::of_mesh`] and [`DifferenceReport::of_kind`].
    pub conclusion: Conclusion,
    /// Why, in one line.
    pub reason: String,
    /// How many things or cells there are of each outcome.
    pub counts: BTreeMap<String, usize>,
    /// What differs, cell by cell or thing by thing.
    pub differences: Vec<DifferenceLine>,
    /// Why other things of two runs of a kind differ, and which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explained: Vec<ExplainedLine>,
    /// Where a reason says that two kinds of mesh differ, and these bundles do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<UnusedLine>,
    /// Which family won, in calls by a name of both records.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub won: BTreeMap<&'static str, WonLine>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceLine {
    /// The cell's id, or what the thing is.
    pub what: String,
    /// `mesh better`, `mesh regressed`, `mesh regressed, as the truth table says`, `unknown`, or `unlike`.
    pub outcome: String,
    /// What the first bundle says; of a thing, what only it has.
    pub a: BTreeSet<String>,
    /// What the second says.
    pub b: BTreeSet<String>,
}

/// A reason that explains differences.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedLine {
    /// The reason.
    pub reason: String,
    /// In how many things it explains something.
    pub count: usize,
    /// These things.
    pub things: BTreeSet<String>,
}

/// A reason that explains nothing somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnusedLine {
    /// The reason.
    pub reason: String,
    /// The part of the evidence and the name that it gives.
    pub place: String,
}

/// Which family won in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WonLine {
    /// Answered calls by the family of the client's own socket.
    pub dialled: PerFamily<usize>,
    /// Answered calls by the family over which the server was reached.
    pub arrived: PerFamily<usize>,
    /// Calls that no server of theirs answered.
    pub unanswered: usize,
    /// Calls of which nothing is known.
    pub lost: usize,
}

const REGRESSED_AS_STATED: &str = "mesh regressed, as the truth table says";

impl DifferenceReport {
    /// Reports a run with a mesh beside one without, one differential for each scenario.
    ///
    /// It does not conform when a call is lost with the mesh that the truth table answers, is inconclusive when one of both runs does not
    /// tell of a cell, and vacuous when there is no cell at all.
    #[must_use]
    pub fn of_mesh(with: &Manifest, without: &Manifest, all: &[(String, Differential)]) -> Self {
        let mut report = Self::empty("MeshDifferential", with, without);
        let mut seen = BTreeSet::new();
        let (mut won_with, mut won_without) = (Won::default(), Won::default());
        for (_, differential) in all {
            won_with.add(&differential.won_with);
            won_without.add(&differential.won_without);
            // Scenarios may share cells, which are called once.
            for cell in differential.cells.iter().filter(|cell| seen.insert(cell.cell.clone())) {
                report.take(cell);
            }
        }
        report.won = [("withMesh", line(&won_with)), ("withoutMesh", line(&won_without))].into();
        let count = |report: &Self, outcome: &str| report.counts.get(outcome).copied().unwrap_or_default();
        let news = count(&report, &Difference::MeshRegressed.to_string());
        let unknown = count(&report, &Difference::Unknown.to_string());
        (report.conclusion, report.reason) = match (seen.len(), news, unknown) {
            (0, ..) => (Conclusion::Vacuous, "no scenario of both runs has a call matrix".to_owned()),
            (all, 0, 0) => (Conclusion::Conforms, format!("the mesh loses none of {all} calls that it should not")),
            (all, 0, unknown) => {
                (Conclusion::Inconclusive, format!("of {unknown} of {all} calls one run does not tell"))
            }
            (all, news, _) => {
                (Conclusion::DoesNotConform, format!("the mesh loses {news} of {all} calls that it should not"))
            }
        };
        report
    }

    /// Reports two runs of a kind. It conforms when all that they do not both hold has a reason, and is vacuous when neither holds anything. A
    /// reason that explains nothing is no difference: the bundles may hold less than the reasons are about.
    #[must_use]
    pub fn of_kind(a: &Manifest, b: &Manifest, likeness: &Likeness) -> Self {
        let mut report = Self::empty("EvidenceDifference", a, b);
        let Likeness { compared, explained, unlike, reasons, unused } = likeness;
        let alike = compared - explained - unlike.len();
        report.counts = [("alike", alike), ("explained", *explained), ("unlike", unlike.len())]
            .map(|(outcome, count)| (outcome.to_owned(), count))
            .into();
        report.differences = unlike
            .iter()
            .map(|unlike| DifferenceLine {
                what: unlike.what.clone(),
                outcome: "unlike".to_owned(),
                a: unlike.only_a.clone(),
                b: unlike.only_b.clone(),
            })
            .collect();
        report.explained = reasons
            .iter()
            .map(|Explained { reason, things }| ExplainedLine {
                reason: reason.clone(),
                count: things.len(),
                things: things.clone(),
            })
            .collect();
        report.unused =
            unused.iter().map(|(reason, place)| UnusedLine { reason: reason.clone(), place: place.clone() }).collect();
        (report.conclusion, report.reason) = match (compared, explained, unlike.len()) {
            (0, ..) => (Conclusion::Vacuous, "neither bundle holds anything that can be compared".to_owned()),
            (all, 0, 0) => (Conclusion::Conforms, format!("all {all} things are alike")),
            (all, explained, 0) => (
                Conclusion::Conforms,
                format!("{alike} of {all} things are alike, and {explained} differ for a known reason"),
            ),
            (all, 0, unlike) => (Conclusion::DoesNotConform, format!("{unlike} of {all} things are not alike")),
            (all, explained, unlike) => (
                Conclusion::DoesNotConform,
                format!("{unlike} of {all} things are not alike, and {explained} more differ for a known reason"),
            ),
        };
        report
    }

    fn empty(kind: &'static str, a: &Manifest, b: &Manifest) -> Self {
        let name = |manifest: &Manifest| format!("{} of run {}", manifest.cell.name(), manifest.run);
        Self {
            api_version: REPORT_API_VERSION,
            kind,
            a: name(a),
            b: name(b),
            conclusion: Conclusion::Vacuous,
            reason: String::new(),
            counts: BTreeMap::new(),
            differences: Vec::new(),
            explained: Vec::new(),
            unused: Vec::new(),
            won: BTreeMap::new(),
        }
    }

    fn take(&mut self, cell: &CellDifference) {
        let outcome = match (cell.difference, cell.must_answer) {
            (Difference::MeshRegressed, Some(false)) => REGRESSED_AS_STATED.to_owned(),
            (difference, _) => difference.to_string(),
        };
        *self.counts.entry(outcome.clone()).or_default() += 1;
        if cell.difference != Difference::Same {
            let (a, b) = ([cell.with.to_string()].into(), [cell.without.to_string()].into());
            self.differences.push(DifferenceLine { what: cell.cell.clone(), outcome, a, b });
        }
    }

    /// Renders it for reading: what differs, how much of the rest has which reason, which family won, the counts, and the conclusion as the last line.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![format!("a: {}", self.a), format!("b: {}", self.b)];
        for difference in &self.differences {
            lines.push(format!("{}: {}", difference.outcome, plain(&difference.what)));
            let side = |name: &str, said: &BTreeSet<String>| {
                said.iter().map(|said| format!("  {name}: {}", plain(said))).collect::<Vec<_>>()
            };
            lines.extend(side("a", &difference.a).into_iter().chain(side("b", &difference.b)));
        }
        for ExplainedLine { reason, count, .. } in &self.explained {
            lines.push(format!("explained: {count}: {}", plain(reason)));
        }
        for UnusedLine { reason, place } in &self.unused {
            lines.push(format!("unused: {}: {}", plain(place), plain(reason)));
        }
        for (run, won) in &self.won {
            lines.push(format!(
                "won {run}: dialled IPv4 {} IPv6 {}, arrived IPv4 {} IPv6 {}, unanswered {}, lost {}",
                won.dialled.v4, won.dialled.v6, won.arrived.v4, won.arrived.v6, won.unanswered, won.lost
            ));
        }
        let counts: Vec<String> = self.counts.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        lines.push(counts.join("; "));
        lines.push(format!("{}: {}", self.conclusion, self.reason));
        lines.join("\n") + "\n"
    }
}

fn line(won: &Won) -> WonLine {
    WonLine { dialled: won.dialled.clone(), arrived: won.arrived.clone(), unanswered: won.unanswered, lost: won.lost }
}
