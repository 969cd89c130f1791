//! Where an entry of a list stands: as a JSON pointer for evidence, as a field for errors.

use std::net::IpAddr;

use dualproof_model::family::parse_ip;

use crate::DumpError;

/// An entry of a list, perhaps inside a section of `configs`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    /// The document: a path inside the bundle.
    pub(crate) place: &'a str,
    /// The position in `configs`, for `config_dump`.
    pub(crate) section: Option<usize>,
    /// The list's name; empty when the document is the list.
    pub(crate) list: &'a str,
    /// The position in the list.
    pub(crate) index: usize,
}

impl<'a> Entry<'a> {
    /// Names an entry of a list at the top of a document.
    pub(crate) fn of(place: &'a str, list: &'a str, index: usize) -> Self {
        Self { place, section: None, list, index }
    }

    /// Spells it as `objects/services.json#/items/3`.
    pub(crate) fn pointer(&self) -> String {
        let list = if self.list.is_empty() { String::new() } else { format!("/{}", self.list) };
        match self.section {
            Some(section) => format!("{}#/configs/{section}{list}/{}", self.place, self.index),
            None => format!("{}#{list}/{}", self.place, self.index),
        }
    }

    /// Spells a field of it as `items[3].spec.clusterIPs[1]`.
    pub(crate) fn field(&self, field: &str) -> String {
        let dot = if field.is_empty() || field.starts_with('[') { "" } else { "." };
        match self.section {
            Some(section) => format!("configs[{section}].{}[{}]{dot}{field}", self.list, self.index),
            None => format!("{}[{}]{dot}{field}", self.list, self.index),
        }
    }

    /// Parses an address that stands in a field.
    pub(crate) fn ip(&self, field: impl FnOnce() -> String, text: &str) -> Result<IpAddr, DumpError> {
        parse_ip(text).map_err(|source| DumpError::Address {
            place: self.place.to_owned(),
            field: self.field(&field()),
            source,
        })
    }

    /// Makes the error for a value that means nothing in its field.
    pub(crate) fn value(&self, field: &str, value: impl ToString, expected: &'static str) -> DumpError {
        DumpError::Value {
            place: self.place.to_owned(),
            field: self.field(field),
            value: value.to_string().escape_debug().to_string(),
            expected,
        }
    }

    /// Makes the error for a field that must be there.
    pub(crate) fn absent(&self, field: &str, expected: &'static str) -> DumpError {
        DumpError::Absent { place: self.place.to_owned(), field: self.field(field), expected }
    }
}
