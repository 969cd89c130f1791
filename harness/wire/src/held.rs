//! What steady calls over a time lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of one call that was repeated steadily. The token of repeat N is the ask's token, a hyphen, and N counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Held {
    /// The ask's id.
    pub id: String,
    /// How many calls were made.
    pub sent: u64,
    /// How many of them were answered with their own token in the answer.
    pub replied: u64,
    /// The others by how they ended: [`Outcome::word`](super::Outcome::word), where `replied` counts answers without the call's token.
    pub lost: BTreeMap<String, u64>,
    /// The longest time without an own answer, in milliseconds: from the start to the first one, between two, or from the last one to
    /// the end of the time.
    pub longest_gap_millis: u64,
}
