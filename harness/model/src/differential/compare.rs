//! Two runs, cell by cell.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use dualproof_wire::Records;

use super::{End, Won};
use crate::evidence::{CallStage, Evidence, Objects, Testimony};
use crate::matrix::{CallCell, Dial, expand, roster};
use crate::spec::{Matrix, Shapes};
use crate::truth::{Expected, World, expected_call};

/// What a mesh makes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Difference {
    /// The call is answered in both runs, or in neither.
    Same,
    /// It is answered with the mesh alone.
    MeshBetter,
    /// It is answered without the mesh alone.
    MeshRegressed,
    /// One of both runs does not tell.
    Unknown,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "same",
            Self::MeshBetter => "mesh better",
            Self::MeshRegressed => "mesh regressed",
            Self::Unknown => "unknown",
        })
    }
}

/// One cell in both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellDifference {
    /// The cell's id, a node in it by its number.
    pub cell: String,
    /// What the mesh makes of it.
    pub difference: Difference,
    /// The truth table says that the call must be answered (`Some(true)`) or must fail (`Some(false)`) with the mesh; `None` where it
    /// says nothing. A regression that it states is no news.
    pub must_answer: Option<bool>,
    /// How the call ended with the mesh.
    pub with: End,
    /// How it ended without.
    pub without: End,
}

/// Both runs of a matrix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differential {
    /// Every cell that has an address in one run at least, by id.
    pub cells: Vec<CellDifference>,
    /// Which family won with the mesh, over the calls by a name of both records.
    pub won_with: Won,
    /// Which family won without.
    pub won_without: Won,
}

impl Differential {
    /// Counts the cells of each difference; those that no cell has are left out.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Difference, usize> {
        let mut counts = BTreeMap::new();
        for cell in &self.cells {
            *counts.entry(cell.difference).or_default() += 1;
        }
        counts
    }

    /// Lists the cells that the mesh made worse although the truth table says that they are answered.
    pub fn unstated_regressions(&self) -> impl Iterator<Item = &CellDifference> {
        let is_news = |cell: &&CellDifference| cell.must_answer != Some(false);
        self.cells.iter().filter(|cell| cell.difference == Difference::MeshRegressed).filter(is_news)
    }
}

/// Compares a matrix in two runs: `with` a mesh of these shapes, and `without` any. Cells are known by their ids, which are the
/// same in both. A cell that was called more than once and did not end alike each time is unknown.
#[must_use]
pub fn differential(matrix: &Matrix, with: &Evidence, without: &Evidence, shapes: &Shapes) -> Differential {
    let (meshed, naked) = (Run::of(matrix, with, true), Run::of(matrix, without, false));
    let mut all = Differential::default();
    let ids: BTreeSet<&String> = meshed.cells.keys().chain(naked.cells.keys()).collect();
    for id in ids {
        let (one, other) = (meshed.end(id), naked.end(id));
        let difference = match (one.is_answered(), other.is_answered()) {
            (None, _) | (_, None) => Difference::Unknown,
            (Some(true), Some(false)) => Difference::MeshBetter,
            (Some(false), Some(true)) => Difference::MeshRegressed,
            (Some(_), Some(_)) => Difference::Same,
        };
        if let Some(cell) = meshed.cells.get(id).or_else(|| naked.cells.get(id))
            && cell.dial == Dial::Name(Records::Both)
        {
            all.won_with.count(&one);
            all.won_without.count(&other);
        }
        let must_answer = meshed.cells.get(id).and_then(|cell| must_answer(cell, matrix, shapes));
        all.cells.push(CellDifference { cell: id.clone(), difference, must_answer, with: one, without: other });
    }
    all
}

/// Names a cell alike in every run: nodes are called otherwise in each, so a nodePort's is told by its place among them.
fn known_as(cell: &CallCell, objects: &Objects) -> String {
    let Dial::NodePort(node) = &cell.dial else { return cell.id.clone() };
    let mut names: Vec<&String> = objects.nodes.iter().map(|node| &node.meta.name).collect();
    names.sort();
    match names.iter().position(|name| *name == node) {
        Some(number) => cell.id.replacen(&cell.dial.to_string(), &Dial::NodePort(number.to_string()).to_string(), 1),
        None => cell.id.clone(),
    }
}

/// One run's cells and what was told of them.
pub(super) struct Run<'a> {
    name: &'a str,
    cells: BTreeMap<String, CallCell>,
    told: BTreeMap<&'a str, Vec<&'a Testimony>>,
}

impl<'a> Run<'a> {
    pub(super) fn of(matrix: &Matrix, evidence: &'a Evidence, meshed: bool) -> Self {
        let cells =
            expand(&roster(matrix, &evidence.objects, meshed, evidence.manifest.cell.provider), &evidence.objects)
                .cells;
        let mut told: BTreeMap<&str, Vec<&Testimony>> = BTreeMap::new();
        for testimony in evidence.testimonies.iter().filter(|testimony| testimony.stage == CallStage::Mesh) {
            told.entry(&testimony.cell).or_default().push(testimony);
        }
        let cells = cells
            .into_iter()
            .filter(|cell| cell.to.is_ok())
            .map(|cell| (known_as(&cell, &evidence.objects), cell))
            .collect();
        Self { name: &evidence.manifest.run, cells, told }
    }

    /// Lists the names of its cells.
    pub(super) fn ids(&self) -> impl Iterator<Item = &String> {
        self.cells.keys()
    }

    /// Finds a cell by the name that it has in every run.
    pub(super) fn cell(&self, id: &str) -> Option<&CallCell> {
        self.cells.get(id)
    }

    pub(super) fn end(&self, id: &str) -> End {
        let Some(cell) = self.cells.get(id) else {
            return End::Lost(format!("run {} has no such call", self.name));
        };
        let told = self.told.get(cell.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        let mut ends = told.iter().map(|testimony| End::of(testimony, cell, self.name));
        let Some(first) = ends.next() else {
            return End::Lost(format!("run {} did not make the call", self.name));
        };
        match ends.all(|end| end.is_answered() == first.is_answered()) {
            true => first,
            false => End::Lost(format!("run {} made the call {} times, with different ends", self.name, told.len())),
        }
    }
}

fn must_answer(cell: &CallCell, matrix: &Matrix, shapes: &Shapes) -> Option<bool> {
    match expected_call(cell, &World::meshed(shapes).around(cell, matrix)) {
        Expected::Answer(_) => Some(true),
        Expected::Failure(_) => Some(false),
        Expected::NotApplicable(_) | Expected::Unstated(_) => None,
    }
}
