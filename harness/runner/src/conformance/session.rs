//! One session for all trials, made by the first of them that runs.

use std::sync::OnceLock;

use dualproof_model::report::{Report, text};

use crate::command::{Readied, run_cell};
use crate::output::{Console, write_report};

/// A run that happens at most once, however many trials ask for its report.
pub(super) struct Shared {
    readied: Readied,
    report: OnceLock<Report>,
}

impl Shared {
    pub(super) fn new(readied: Readied) -> Self {
        Self { readied, report: OnceLock::new() }
    }

    /// Returns the report; the first caller runs the cell, all others wait for it.
    pub(super) fn report(&self) -> &Report {
        self.report.get_or_init(|| {
            let console = Console::default();
            let report = run_cell(&self.readied, &console);
            if let Err(error) = write_report(&self.readied.settings.out, &report) {
                console.error(&error, "give DUALPROOF_OUT a folder that can be written");
            }
            console.note(&text(&report));
            report
        })
    }

    /// Returns the report if any trial has run.
    pub(super) fn seen(&self) -> Option<&Report> {
        self.report.get()
    }
}
