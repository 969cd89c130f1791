//! Why the prober did not make its calls.

/// A prober that could not do its work. Calls that fail are none: they are reported.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A line is no call. Nothing was called.
    #[error("line {line} of standard input: {what}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// The calls could not be read.
    #[error("cannot read standard input")]
    Read {
        /// Why.
        source: std::io::Error,
    },
    /// The reports could not be written. What was written before is whole.
    #[error("cannot write to standard output")]
    Write {
        /// Why.
        source: std::io::Error,
    },
    /// The runtime did not start.
    #[error("cannot start the runtime")]
    Runtime {
        /// Why.
        source: std::io::Error,
    },
    /// A thread of the prober died.
    #[error("a thread of the prober died; its calls have no report")]
    Thread,
}

impl ProbeError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Line { .. } => "each line is one call as JSON; nothing was called".to_owned(),
            Self::Write { .. } => "calls without a whole line of their own have no report".to_owned(),
            Self::Read { .. } | Self::Runtime { .. } | Self::Thread => String::new(),
        }
    }
}
