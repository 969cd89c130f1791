//! The report's files.

use std::io::Write;
use std::path::{Path, PathBuf};

use dualproof_model::report::{self, DifferenceReport, REPORT_API_VERSION, Report, TrialResult};
use serde::Serialize;

/// A file of the report cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// A folder or file.
    #[error("cannot write {path}")]
    Write {
        /// The path, as given.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// JSON.
    #[error("cannot spell the report as JSON")]
    Json(#[from] serde_json::Error),
    /// YAML.
    #[error("cannot spell the report as YAML")]
    Yaml(#[from] serde_yaml::Error),
    /// XML.
    #[error("cannot spell the report as JUnit XML")]
    Junit(String),
}

/// Writes `report.yaml`, `report.json`, `junit.xml` and `summary.md` into a folder, each whole or not at all.
///
/// # Errors
/// The first file that cannot be written. Files of an earlier report are replaced, which is no error.
pub fn write_report(folder: &Path, report: &Report) -> Result<(), OutputError> {
    let junit = report::junit(report).map_err(|error| OutputError::Junit(error.to_string()))?;
    let files = [
        ("report.yaml", serde_yaml::to_string(report)?),
        ("report.json", serde_json::to_string_pretty(report)? + "\n"),
        ("junit.xml", junit),
        ("summary.md", report::summary(report)),
    ];
    write(folder, &files)
}

/// Writes the reports of several cells as one: `report.yaml` and `report.json` with a section for each cell and the verdicts
/// over all of them, and `summary.md`. Each cell's own folder has its JUnit file.
///
/// # Errors
/// As [`write_report`].
pub fn write_list(folder: &Path, reports: &[Report], across: &[TrialResult]) -> Result<(), OutputError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct List<'a> {
        api_version: &'a str,
        kind: &'a str,
        items: &'a [Report],
        across: &'a [TrialResult],
    }
    let list = List { api_version: REPORT_API_VERSION, kind: "ConformanceReportList", items: reports, across };
    let files = [
        ("report.yaml", serde_yaml::to_string(&list)?),
        ("report.json", serde_json::to_string_pretty(&list)? + "\n"),
        ("summary.md", reports.iter().map(report::summary).chain(across.iter().map(report::across_summary)).collect()),
    ];
    write(folder, &files)
}

/// Writes what came of two bundles: `diff.yaml`, `diff.json` and `summary.md`.
///
/// # Errors
/// As [`write_report`].
pub fn write_difference(folder: &Path, report: &DifferenceReport) -> Result<(), OutputError> {
    let summary =
        format!("## dualproof diff: {}\n\n{}\n\n```text\n{}```\n", report.conclusion, report.reason, report.text());
    let files = [
        ("diff.yaml", serde_yaml::to_string(report)?),
        ("diff.json", serde_json::to_string_pretty(report)? + "\n"),
        ("summary.md", summary),
    ];
    write(folder, &files)
}

fn write(folder: &Path, files: &[(&str, String)]) -> Result<(), OutputError> {
    let failed = |path: &Path, source| OutputError::Write { path: path.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    for (name, text) in files {
        let path = folder.join(name);
        // A report is for others to read; tempfile's own default is private.
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        let draft = tempfile::Builder::new().prefix(".report-").permissions(readable).tempfile_in(folder);
        let written = draft.and_then(|mut draft| {
            draft.write_all(text.as_bytes())?;
            draft.persist(&path).map_err(|error| error.error)
        });
        written.map_err(|source| failed(&path, source))?;
    }
    Ok(())
}
