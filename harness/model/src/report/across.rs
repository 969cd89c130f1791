//! Verdicts over several cells, which stand in the report of all.

use super::{TrialResult, summary, text};
use crate::verdict::Verdict;

/// Renders a verdict over several cells for reading, the verdict in its first line.
#[must_use]
pub fn across_text(result: &TrialResult) -> String {
    let reason = match result.verdict {
        Verdict::Pass => format!("{} comparisons hold", result.findings.len()),
        _ => result.reason.clone(),
    };
    let said = TrialResult { reason, ..result.clone() };
    text::told(&said).join("\n") + "\n"
}

/// Renders it as Markdown, to stand behind the summaries of its cells.
#[must_use]
pub fn across_summary(result: &TrialResult) -> String {
    let table = "| over all cells | check | layer | verdict | why |\n| --- | --- | --- | --- | --- |\n";
    format!("{table}{}\n{}", summary::row(result), summary::details(result))
}
