//! The only place that writes to the terminal: words go to standard error, data to standard output.

use std::collections::BTreeMap;
use std::io::Write;

use dualproof_driver::trouble::{Trouble, chain};
use dualproof_model::evidence::Failure;
use dualproof_model::plan::Cell;

use crate::stage::Stage;

/// Tells progress. Each line stands alone, so that it reads the same in a terminal and in a CI log.
#[derive(Clone, Debug, Default)]
pub struct Console {
    quiet: bool,
    cell: Option<String>,
}

impl Console {
    /// Makes a console that tells nothing: for tests.
    #[must_use]
    pub fn quiet() -> Self {
        Self { quiet: true, cell: None }
    }

    /// Makes a console whose lines begin with the name of a cell: for cells that run at once.
    #[must_use]
    pub fn of_cell(&self, cell: &Cell) -> Self {
        Self { quiet: self.quiet, cell: Some(cell.name()) }
    }

    /// Tells the resolved settings at the start of a run.
    pub fn settings(&self, cell: &Cell, settings: &BTreeMap<String, String>, run: &str) {
        let told: Vec<String> = settings
            .iter()
            .filter(|(name, _)| !name.starts_with("timeouts."))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.words(&format!("run {run}: cell {} {}", cell.name(), told.join(" ")));
    }

    /// Tells that a stage begins.
    pub fn begin(&self, stage: Stage) {
        self.words(&format!("{stage:<10} ..."));
    }

    /// Tells whether a stage ended well, and after how long; why it did not is told once, by [`Self::failed`].
    pub fn end(&self, stage: Stage, millis: u64, well: bool) {
        let ending = if well { "ok" } else { "failed" };
        self.words(&format!("{stage:<10} {ending} ({}.{} s)", millis / 1000, millis % 1000 / 100));
    }

    /// Tells why the run ends early, and what to do.
    pub fn failed(&self, failure: &Failure) {
        self.words(&format!("error: stage {}: {}", failure.stage, failure.what));
        self.hint(&failure.hint);
    }

    /// Tells an error with all its causes, and what to do.
    pub fn error(&self, error: &dyn std::error::Error, hint: &str) {
        self.words(&format!("error: {}", chain(error)));
        self.hint(hint);
    }

    /// Tells a trouble and, where there is one, its hint.
    pub fn trouble(&self, trouble: &Trouble) {
        self.words(&format!("error: {}", trouble.what));
        self.hint(&trouble.hint);
    }

    /// Tells something that the user should know.
    pub fn note(&self, text: &str) {
        self.words(text);
    }

    /// Writes data to standard output. A reader that has gone is no error of ours.
    pub fn data(&self, text: &str) {
        if !self.quiet {
            drop(std::io::stdout().write_all(text.as_bytes()));
        }
    }

    fn hint(&self, hint: &str) {
        if !hint.is_empty() {
            self.words(&format!("hint: {hint}"));
        }
    }

    fn words(&self, line: &str) {
        if !self.quiet {
            let cell = self.cell.as_deref().map(|cell| format!("{cell}: ")).unwrap_or_default();
            drop(std::io::stderr().write_all(format!("{cell}{line}\n").as_bytes()));
        }
    }
}
