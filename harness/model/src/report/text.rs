//! The report as plain lines for a terminal or a CI log.

use super::plain::plain;
use super::{Conclusion, Implementation, Report, TrialResult};
use crate::plan::MeshKind;
use crate::verdict::{Finding, Holds, LedgerRow, Verdict};

/// Renders the report for reading: what is red with expected and seen, where each family was lost first, the ledger, what
/// ended the run or is missing, and the conclusion as the last line.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    for result in &report.results {
        lines.extend(trial_lines(result, report.failure.is_some()));
    }
    for diagnosis in &report.diagnoses {
        let family = diagnosis.family.map_or_else(|| "both families".to_owned(), |family| family.to_string());
        lines.push(format!(
            "first broken layer of {} for {family}: {} ({})",
            diagnosis.scenario, diagnosis.layer, diagnosis.check
        ));
    }
    lines.extend(ledger_lines(report));
    for gap in &report.gaps {
        lines.push(format!("gap: layer {} was never exercised over {}", gap.layer, gap.family));
    }
    for (what, trouble) in [("stage", &report.failure), ("left behind by stage", &report.remains)] {
        if let Some(trouble) = trouble {
            lines.push(format!("{what} {}: {}", trouble.stage, trouble.what));
            if !trouble.hint.is_empty() {
                lines.push(format!("hint: {}", trouble.hint));
            }
        }
    }
    for missing in &report.missing {
        lines.push(format!("missing: {}: {}", missing.what, missing.why));
    }
    if let Some(before) = &report.cluster_from {
        lines.push(format!("on the cluster of {before}, which left it as it had found it"));
    }
    let readings = match report.readings {
        0 | 1 => String::new(),
        several => format!(" in {several} readings"),
    };
    lines.push(format!("{}: {}{readings}", implementation(report), counts(report)));
    lines.push(match report.conclusion {
        Conclusion::Conforms => format!("{}: {}", report.cell_name, report.conclusion),
        _ => format!("{}: {}: {}", report.cell_name, report.conclusion, report.reason),
    });
    // A tool's output may be several lines, and stays so.
    let lines: Vec<String> = lines.iter().flat_map(|line| line.lines()).map(plain).collect();
    lines.join("\n") + "\n"
}

/// Renders one comparison as lines: subject, expected, seen, place, next step.
pub(super) fn finding_lines(finding: &Finding) -> Vec<String> {
    let family = finding.family.map_or_else(String::new, |family| format!("{family}: "));
    let mut lines = vec![
        format!("  {family}{}", plain(&finding.subject)),
        format!("    expected: {}", plain(&finding.expected)),
        format!("    seen:     {}", plain(&finding.seen)),
        format!("    in:       {}", plain(&finding.place)),
    ];
    if !finding.next.is_empty() {
        lines.push(format!("    next:     {}", plain(&finding.next)));
    }
    lines
}

/// Renders a trial with all that does not hold in it; a pass in one line.
pub(super) fn told(result: &TrialResult) -> Vec<String> {
    let doubtful = result.findings.iter().filter(|finding| finding.holds != Holds::Yes);
    let mut lines = vec![format!("{} {}: {}", result.verdict, result.name, plain(&result.reason))];
    lines.extend(doubtful.flat_map(finding_lines));
    lines
}

/// A pass says nothing; what is not a pass and compared nothing says why in a line, unless the run's own end says it for all.
fn trial_lines(result: &TrialResult, run_ended: bool) -> Vec<String> {
    let doubtful: Vec<&Finding> = result.findings.iter().filter(|finding| finding.holds != Holds::Yes).collect();
    if result.verdict == Verdict::Pass || (doubtful.is_empty() && run_ended) {
        return Vec::new();
    }
    if doubtful.is_empty() {
        return vec![format!("{} {} {}: {}", result.verdict, result.scenario, result.check, plain(&result.reason))];
    }
    told(result)
}

/// Names what was tested.
pub(super) fn implementation(report: &Report) -> String {
    match report.cell.mesh {
        MeshKind::None => "no mesh".to_owned(),
        MeshKind::Istio => format!("{} {}", report.implementation.mesh, report.implementation.version),
        // Its version is that of the shapes: nobody must take it for Istio.
        MeshKind::Embedded => {
            let Implementation { mesh, version_profile, .. } = &report.implementation;
            format!("{mesh} (istio shapes {version_profile})")
        }
    }
}

fn counts(report: &Report) -> String {
    let counts = report.statistics.iter().filter(|(_, count)| **count > 0);
    let counts: Vec<String> = counts.map(|(verdict, count)| format!("{count} {verdict}")).collect();
    if counts.is_empty() { "no trials".to_owned() } else { counts.join(", ") }
}

fn ledger_lines(report: &Report) -> Vec<String> {
    let exercised = |row: &&LedgerRow| row.exercised.v4 + row.exercised.v6 > 0;
    if !report.ledger.rows().iter().any(|row| exercised(&row)) {
        return Vec::new();
    }
    let mut lines = vec![format!("{:<14} {:>12} {:>12}", "layer", "IPv4", "IPv6")];
    for row in report.ledger.rows() {
        let cell = |held: usize, exercised: usize| format!("{held} of {exercised}");
        lines.push(format!(
            "{:<14} {:>12} {:>12}",
            row.layer.as_str(),
            cell(row.held.v4, row.exercised.v4),
            cell(row.held.v6, row.exercised.v6)
        ));
    }
    lines
}
