//! How a cell's call ended in one run.

use std::fmt;

use dualproof_wire::{Answer, Outcome};

use crate::answer::read;
use crate::evidence::{PodRef, Testimony, Told};
use crate::family::{IpFamily, canonical};
use crate::matrix::CallCell;
use crate::truth::Ending;

/// How a cell's call ended in one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// A server of the cell answered this very call.
    Answered {
        /// The family of the client's own socket; `None` where the prober does not know it.
        dialled: Option<IpFamily>,
        /// The family over which the server was reached.
        arrived: IpFamily,
    },
    /// None did, and how it ended.
    Ended(Ending),
    /// Nothing is known of it, and why.
    Lost(String),
}

impl End {
    /// Reads the end of a call from its testimony. An answer of another run, to another token or from a pod that does not stand
    /// behind the address is a stranger's.
    #[must_use]
    pub fn of(testimony: &Testimony, cell: &CallCell, run: &str) -> Self {
        let report = match &testimony.told {
            Told::Lost(why) => return Self::Lost(why.clone()),
            Told::Report(report) => report,
        };
        let answer = match &report.outcome {
            Outcome::Replied(text) => read(text, cell.protocol).ok().map(|reply| reply.answer),
            _ => None,
        };
        match answer.filter(|answer| is_own(answer, testimony, cell, run)) {
            Some(answer) => Self::Answered {
                dialled: testimony
                    .attempt()
                    .and_then(|attempt| attempt.local)
                    .map(|own| IpFamily::of(&canonical(own.ip()))),
                arrived: IpFamily::of(&canonical(answer.local.ip())),
            },
            None => Self::Ended(Ending::of(&report.outcome).unwrap_or(Ending::Stranger)),
        }
    }

    /// Tells whether a server of the cell answered; `None` where nothing is known.
    #[must_use]
    pub fn is_answered(&self) -> Option<bool> {
        match self {
            Self::Answered { .. } => Some(true),
            Self::Ended(_) => Some(false),
            Self::Lost(_) => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { dialled: Some(dialled), arrived } => write!(f, "answered, {dialled} to {arrived}"),
            Self::Answered { dialled: None, arrived } => write!(f, "answered, over {arrived}"),
            Self::Ended(ending) => write!(f, "{ending}"),
            Self::Lost(why) => write!(f, "lost: {why}"),
        }
    }
}

fn is_own(answer: &Answer, testimony: &Testimony, cell: &CallCell, run: &str) -> bool {
    let pod = PodRef { namespace: answer.namespace.clone(), name: answer.pod.clone() };
    answer.run == run
        && answer.token.as_deref() == Some(&testimony.ask.token)
        && cell.servers.iter().any(|server| server.pod == pod && server.uid == answer.uid)
}
