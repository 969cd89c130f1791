//! Conditions in a status.

use serde_json::{Value, json};

use crate::store::object::now;

/// What a condition says.
pub(super) struct Condition<'a> {
    pub(super) kind: &'a str,
    pub(super) holds: bool,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
}

/// Writes a condition into a list; its times move only with what it says.
pub(super) fn set(conditions: &mut Vec<Value>, condition: &Condition<'_>) {
    let status = if condition.holds { "True" } else { "False" };
    let time = now();
    let mut written = json!({
        "type": condition.kind, "status": status, "reason": condition.reason, "message": condition.message,
        "lastUpdateTime": time, "lastTransitionTime": time,
    });
    match conditions.iter_mut().find(|known| known["type"] == condition.kind) {
        Some(known) => {
            let same = |field: &str| known[field] == written[field];
            if same("status") && same("reason") && same("message") {
                return;
            }
            if same("status") {
                written["lastTransitionTime"] = known["lastTransitionTime"].clone();
            }
            *known = written;
        }
        None => conditions.push(written),
    }
}

/// Takes a condition out of a list.
pub(super) fn clear(conditions: &mut Vec<Value>, kind: &str) {
    conditions.retain(|known| known["type"] != kind);
}
