//! Faults that a zone can be told to have.

use hickory_proto::rr::{Name, RecordType};

/// What becomes of a question instead of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// SERVFAIL.
    ServerFailure,
    /// NXDOMAIN, as if the name were not there at all.
    NoSuchName,
    /// NOERROR without an answer, as if the name had no record of the type.
    NoData,
    /// No reply; over TCP the connection stays open.
    Drop,
}

/// A fault: which questions it meets, and what becomes of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What becomes of them.
    pub effect: Effect,
    /// The type that is asked for; `None` meets every type.
    pub record: Option<RecordType>,
    /// The name that is asked for, or one above it; `None` meets every name.
    pub under: Option<Name>,
}

impl Fault {
    /// Tells whether a question is met.
    #[must_use]
    pub fn meets(&self, name: &Name, record: RecordType) -> bool {
        self.record.is_none_or(|wanted| wanted == record) && self.under.as_ref().is_none_or(|above| above.zone_of(name))
    }
}
