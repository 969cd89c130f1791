//! `summary.md`: the report for a job summary.

use super::plain::plain;
use super::{Report, TrialResult};
use crate::verdict::Holds;

/// Renders the report as Markdown: conclusion, ledger, a table of trials, and what is red.
#[must_use]
pub fn summary(report: &Report) -> String {
    let mut text = format!(
        "## dualproof: {} {}\n\n`{}`: {}\n\n",
        cell(&super::text::implementation(report)),
        report.conclusion,
        report.cell_name,
        cell(&report.reason),
    );
    if let Some(failure) = &report.failure {
        text.push_str(&format!("> stage `{}`: {}\n", failure.stage, cell(&failure.what)));
        if !failure.hint.is_empty() {
            text.push_str(&format!(">\n> hint: {}\n", cell(&failure.hint)));
        }
        text.push('\n');
    }
    if let Some(remains) = &report.remains {
        text.push_str(&format!("> left behind: {}\n>\n> hint: {}\n\n", cell(&remains.what), cell(&remains.hint)));
    }
    if report.ledger.rows().iter().any(|row| row.exercised.v4 + row.exercised.v6 > 0) {
        text.push_str("| layer | IPv4 | IPv6 |\n| --- | --- | --- |\n");
        for row in report.ledger.rows() {
            text.push_str(&format!(
                "| {} | {} of {} | {} of {} |\n",
                row.layer, row.held.v4, row.exercised.v4, row.held.v6, row.exercised.v6
            ));
        }
        text.push('\n');
    }
    if !report.results.is_empty() {
        text.push_str("| scenario | check | layer | verdict | why |\n| --- | --- | --- | --- | --- |\n");
        for result in &report.results {
            text.push_str(&row(result));
        }
        text.push('\n');
    }
    for result in report.results.iter().filter(|result| !result.verdict.is_good()) {
        text.push_str(&details(result));
    }
    text
}

pub(super) fn row(result: &TrialResult) -> String {
    let mark = if result.verdict.is_good() { result.verdict.to_string() } else { format!("**{}**", result.verdict) };
    let why = if result.reason.is_empty() { &result.title } else { &result.reason };
    let (scenario, check) = (cell(&result.scenario), cell(&result.check));
    format!("| {scenario} | {check} | {} | {mark} | {} |\n", result.layer, cell(why))
}

pub(super) fn details(result: &TrialResult) -> String {
    let broken: Vec<String> = result
        .findings
        .iter()
        .filter(|finding| finding.holds != Holds::Yes)
        .flat_map(super::text::finding_lines)
        .collect();
    if broken.is_empty() {
        return String::new();
    }
    format!(
        "<details><summary>{} {}</summary>\n\n```text\n{}\n```\n\n</details>\n\n",
        result.check,
        result.scenario,
        broken.join("\n")
    )
}

/// Puts a text on one line without Markdown's cell borders and HTML's tags, which would take words out of the table.
fn cell(text: &str) -> String {
    let line = text.lines().map(plain).collect::<Vec<_>>().join(" ");
    line.replace('\\', "\\\\").replace('|', "\\|").replace('<', "\\<")
}
