//! What a call's record says of its reply.

use crate::evidence::{Call, CallOutcome};
use crate::family::IpFamily;
use crate::verdict::Findings;

/// The most of an output that a finding quotes, in characters.
const QUOTED: usize = 200;

/// Compares what came back with the text that a right reply holds.
///
/// Only the text counts: a meshed client's `nc` exits 0 under STRICT, with no endpoints and in a black hole alike, and one
/// that waits for more than the reply runs into its deadline. Where no text is expected, the exit code must be 0. A call
/// whose exec failed says nothing of the connection.
pub(super) fn compare(
    subject: &str,
    family: Option<IpFamily>,
    call: &Call,
    reply: Option<&str>,
    place: &str,
    findings: &mut Findings,
) {
    let expected = reply.map_or_else(|| "exit code 0".to_owned(), |text| format!("`{text}`"));
    let ending = match &call.outcome {
        CallOutcome::Lost(why) => {
            findings.lost(subject, family, &expected, why, place);
            return;
        }
        CallOutcome::Timeout => "no end inside the deadline".to_owned(),
        CallOutcome::Exited(code) => format!("exit code {code}"),
    };
    let agree = match reply {
        Some(text) => call.stdout.contains(text),
        None => call.outcome == CallOutcome::Exited(0),
    };
    let mut seen = format!("{}, {ending}", quoted(&call.stdout));
    if !agree && !call.stderr.trim().is_empty() {
        seen = format!("{seen}, stderr {}", quoted(&call.stderr));
    }
    findings.push(subject, family, &expected, &seen, agree, place);
}

fn quoted(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return "nothing".to_owned();
    }
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}
