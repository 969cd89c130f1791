//! The conformance report, version 1, and its renderings.

mod across;
mod difference;
mod document;
mod junit;
mod plain;
mod summary;
mod text;

pub use across::{across_summary, across_text};
pub use difference::{DifferenceLine, DifferenceReport, ExplainedLine, UnusedLine, WonLine};
pub use document::{
    Conclusion, Diagnosis, Implementation, LedgerGap, ProfileResult, REPORT_API_VERSION, Report, Skipped, TrialResult,
};
pub use junit::junit;
pub use summary::summary;
pub use text::text;
