//! Faults that a zone can be told to have.

use std::str::FromStr;

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

/// Reads `<record> <name> <effect>`: `AAAA servers.svc.cluster.local SERVFAIL`. The record is `A`, `AAAA` or `ANY`, the name one with all
/// below it or `.`, the effect `SERVFAIL`, `NXDOMAIN`, `NODATA` or `DROP`.
impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [record, name, effect] = words.as_slice() else {
            return Err(format!(
                "`{text}` is not a record, a name and an effect: AAAA servers.svc.cluster.local SERVFAIL"
            ));
        };
        let record = match *record {
            "A" => Some(RecordType::A),
            "AAAA" => Some(RecordType::AAAA),
            "ANY" => None,
            other => return Err(format!("`{other}` is no record: A, AAAA or ANY")),
        };
        let mut under = Name::from_ascii(name).map_err(|error| format!("`{name}` is no name: {error}"))?;
        under.set_fqdn(true);
        let effect = match *effect {
            "SERVFAIL" => Effect::ServerFailure,
            "NXDOMAIN" => Effect::NoSuchName,
            "NODATA" => Effect::NoData,
            "DROP" => Effect::Drop,
            other => return Err(format!("`{other}` is no effect: SERVFAIL, NXDOMAIN, NODATA or DROP")),
        };
        Ok(Self { effect, record, under: Some(under) })
    }
}
