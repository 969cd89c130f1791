//! Which family won where both were free.

use super::End;
use crate::family::{IpFamily, PerFamily};

/// What became of calls by a name of both records, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Won {
    /// Answered calls by the family of the client's own socket.
    pub dialled: PerFamily<usize>,
    /// Answered calls by the family over which the server was reached.
    pub arrived: PerFamily<usize>,
    /// Calls that no server of theirs answered.
    pub unanswered: usize,
    /// Calls of which nothing is known.
    pub lost: usize,
}

impl Won {
    /// Adds what became of other calls.
    pub fn add(&mut self, other: &Self) {
        for family in IpFamily::BOTH {
            *self.dialled.get_mut(family) += other.dialled.get(family);
            *self.arrived.get_mut(family) += other.arrived.get(family);
        }
        self.unanswered += other.unanswered;
        self.lost += other.lost;
    }

    pub(super) fn count(&mut self, end: &End) {
        match end {
            End::Answered { dialled, arrived } => {
                *self.arrived.get_mut(*arrived) += 1;
                if let Some(dialled) = dialled {
                    *self.dialled.get_mut(*dialled) += 1;
                }
            }
            End::Ended(_) => self.unanswered += 1,
            End::Lost(_) => self.lost += 1,
        }
    }
}
