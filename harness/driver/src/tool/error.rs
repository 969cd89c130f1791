//! Why a tool gave no result.

use std::time::Duration;

use dualproof_model::evidence::FailureKind;

use crate::trouble::Explained;

/// A tool that could not be run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The program is not on the search path.
    #[error("`{program}` was not found on PATH")]
    NotFound {
        /// The program.
        program: String,
    },
    /// The program is there and does not start.
    #[error("cannot start `{command}`")]
    Start {
        /// The command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// The files for its input and output could not be made or read.
    #[error("cannot exchange input and output with `{command}`")]
    Files {
        /// The command.
        command: String,
        /// Why.
        source: std::io::Error,
    },
    /// It did not end inside its deadline; it and its children were killed.
    #[error("`{command}` did not end within {} s{}", .limit.as_secs_f64(), last_words(.tail))]
    Deadline {
        /// The command.
        command: String,
        /// The deadline.
        limit: Duration,
        /// The end of what it wrote, standard error before standard output.
        tail: String,
    },
    /// The run was stopped; it and its children were killed.
    #[error("`{command}` was stopped with the run")]
    Cancelled {
        /// The command.
        command: String,
    },
    /// It ended with another status than 0.
    #[error("`{command}` ended with {status}{}", last_words(.tail))]
    Failed {
        /// The command.
        command: String,
        /// How it ended: `exit status 1`, `signal 9`.
        status: String,
        /// The end of what it wrote, standard error before standard output.
        tail: String,
    },
}

impl Explained for ToolError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::NotFound { .. } | Self::Start { .. } => FailureKind::InvalidEnvironment,
            Self::Cancelled { .. } => FailureKind::Interrupted,
            Self::Files { .. } | Self::Deadline { .. } | Self::Failed { .. } => FailureKind::Inconclusive,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NotFound { program } => format!("install `{program}` and put it on PATH"),
            Self::Start { .. } => "check that the file is executable and made for this machine".to_owned(),
            Self::Files { .. } => "check that the folder for temporary files is writable and not full".to_owned(),
            Self::Deadline { .. } => {
                "run the command by hand; if it only needs longer, raise the stage's timeout".to_owned()
            }
            Self::Cancelled { .. } => String::new(),
            Self::Failed { .. } => "run the command by hand to see all that it says".to_owned(),
        }
    }
}

fn last_words(tail: &str) -> String {
    if tail.is_empty() { ", saying nothing".to_owned() } else { format!("; it last said: {tail}") }
}
