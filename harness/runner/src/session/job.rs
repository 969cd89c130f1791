//! What the spine is given.

use std::path::Path;

use dualproof_model::plan::Plan;
use tokio_util::sync::CancellationToken;

use crate::output::Console;
use crate::rules::RuleBook;
use crate::settings::Settings;

/// One cell to run.
pub struct Job<'a> {
    /// The run's id.
    pub run: &'a str,
    /// The run's private folder, whose path must not show in a report.
    pub folder: &'a Path,
    /// What to run.
    pub plan: &'a Plan,
    /// What to judge by.
    pub book: &'a RuleBook,
    /// How.
    pub settings: &'a Settings,
    /// Set when the user stops the run.
    pub cancel: &'a CancellationToken,
    /// Where progress is told.
    pub console: &'a Console,
}
