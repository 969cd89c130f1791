//! `dualproof diff`: two bundles side by side.

use std::path::Path;

use dualproof_dump::bundle::Bundle;
use dualproof_model::differential::{Side, differential, likeness};
use dualproof_model::judge::shapes;
use dualproof_model::plan::MeshKind;
use dualproof_model::report::DifferenceReport;
use dualproof_model::spec::{Matrix, Scenario};

use super::read::{BundleError, read};
use crate::output::{Console, Exit, write_difference};
use crate::rules::RuleBook;

/// Compares two bundles, prints the text and writes the files: one with a mesh and one without by what the mesh makes of each call, two of a
/// kind by all that they hold.
pub(in crate::command) fn command(
    a: &Path,
    b: &Path,
    out: Option<&Path>,
    rules: Option<&str>,
    console: &Console,
) -> Exit {
    match compared(a, b, rules.unwrap_or("bundle")) {
        Ok(Some(report)) => {
            console.data(&report.text());
            match out.map(|out| write_difference(out, &report)).transpose() {
                Ok(_) => report.conclusion.into(),
                Err(error) => {
                    console.error(&error, "give --out a folder that can be written");
                    Exit::BadInput
                }
            }
        }
        Ok(None) => {
            console.note(
                "error: no version profile fits the mesh's version, so it is not known what the mesh may lose\n\
                 hint: give --rules current, or a folder of scenarios whose profiles.yaml has it",
            );
            Exit::Inconclusive
        }
        Err(error) => {
            console.error(&error, &error.hint());
            Exit::BadInput
        }
    }
}

/// Returns `None` where the shapes of the mesh are not known.
fn compared(a: &Path, b: &Path, rules: &str) -> Result<Option<DifferenceReport>, BundleError> {
    // Neither run knew the other: why two kinds differ is what this program knows, unless a folder is given.
    let reasons = match rules {
        "bundle" => Some(RuleBook::built_in()?.reasons),
        _ => None,
    };
    let (a, b) = (read(a, rules)?, read(b, rules)?);
    let is_meshed = |(bundle, _): &(Bundle, RuleBook)| bundle.evidence.manifest.cell.mesh != MeshKind::None;
    let ((one, book), (other, other_book)) = match (is_meshed(&a), is_meshed(&b)) {
        (false, true) => (&b, &a),
        _ => (&a, &b),
    };
    let (one, other) = (&one.evidence, &other.evidence);
    let in_both = |scenario: &&Scenario| {
        let runs = |selected: &[(String, String)]| selected.iter().any(|(name, _)| *name == scenario.name);
        runs(&one.manifest.selected) && runs(&other.manifest.selected)
    };
    let scenarios = book.rules.scenarios.iter().filter(in_both);
    let matrices: Vec<(&str, &Matrix)> =
        scenarios.filter_map(|scenario| Some((scenario.name.as_str(), scenario.matrix.as_ref()?))).collect();
    if is_meshed(&a) == is_meshed(&b) {
        let reasons = reasons.as_ref().unwrap_or(&book.reasons);
        let matrices: Vec<&Matrix> = matrices.into_iter().map(|(_, matrix)| matrix).collect();
        let sides = [(one, book), (other, other_book)]
            .map(|(evidence, book)| Side { evidence, shapes: shapes(evidence, &book.rules) });
        let likeness = likeness(sides, &matrices, reasons);
        return Ok(Some(DifferenceReport::of_kind(&one.manifest, &other.manifest, &likeness)));
    }
    let Some(shapes) = shapes(one, &book.rules) else { return Ok(None) };
    let all: Vec<_> = matrices
        .into_iter()
        .map(|(name, matrix)| (name.to_owned(), differential(matrix, one, other, shapes)))
        .collect();
    Ok(Some(DifferenceReport::of_mesh(&one.manifest, &other.manifest, &all)))
}
