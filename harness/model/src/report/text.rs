//! The report as plain lines for a terminal or a CI log.

use super::{Conclusion, Report, TrialResult};
use crate::verdict::{Finding, Holds, Verdict};

/// Renders the report for reading: what is red first, with expected and seen, then the ledger, then the conclusion.
#[must_use]
pub fn text(report: &Report) -> String {
    let mut lines = Vec::new();
    for result in &report.results {
        if result.verdict != Verdict::Pass {
            lines.extend(trial_lines(result));
        }
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
    if let Some(failure) = &report.failure {
        lines.push(format!("stage {}: {}", failure.stage, failure.what));
        if !failure.hint.is_empty() {
            lines.push(format!("hint: {}", failure.hint));
        }
    }
    if let Some(remains) = &report.remains {
        lines.push(format!("left behind: {}", remains.what));
        lines.push(format!("hint: {}", remains.hint));
    }
    for missing in &report.missing {
        lines.push(format!("missing: {}: {}", missing.what, missing.why));
    }
    let counts: Vec<String> = report
        .statistics
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(verdict, count)| format!("{count} {verdict}"))
        .collect();
    let counts = if counts.is_empty() { "no trials".to_owned() } else { counts.join(", ") };
    lines.push(format!("{} {}: {counts}", report.implementation.mesh, report.implementation.version));
    lines.push(match report.conclusion {
        Conclusion::Conforms => format!("{}: {}", report.cell_name, report.conclusion),
        _ => format!("{}: {}: {}", report.cell_name, report.conclusion, report.reason),
    });
    lines.join("\n") + "\n"
}

/// Renders one comparison as lines: subject, expected, seen, place, next step.
pub(super) fn finding_lines(finding: &Finding) -> Vec<String> {
    let family = finding.family.map_or_else(String::new, |family| format!("{family}: "));
    let mut lines = vec![
        format!("  {family}{}", finding.subject),
        format!("    expected: {}", finding.expected),
        format!("    seen:     {}", finding.seen),
        format!("    in:       {}", finding.place),
    ];
    if !finding.next.is_empty() {
        lines.push(format!("    next:     {}", finding.next));
    }
    lines
}

fn trial_lines(result: &TrialResult) -> Vec<String> {
    let mut lines = vec![format!("{} {}: {}", result.verdict, result.name, result.reason)];
    for finding in result.findings.iter().filter(|finding| finding.holds != Holds::Yes) {
        lines.extend(finding_lines(finding));
    }
    lines
}

fn ledger_lines(report: &Report) -> Vec<String> {
    if report.ledger.rows().is_empty() {
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
