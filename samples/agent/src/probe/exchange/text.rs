//! What is kept of an answer.

use dualproof_wire::Outcome;

/// The most that is kept of an answer, in bytes.
pub(super) const MOST: usize = 4096;

/// Keeps an answer's text, without the end of its last line.
pub(super) fn replied(bytes: &[u8]) -> Outcome {
    let bytes = &bytes[..bytes.len().min(MOST)];
    Outcome::Replied(String::from_utf8_lossy(bytes.strip_suffix(b"\n").unwrap_or(bytes)).into_owned())
}

/// An answer that the other side's end cut short is what came of it; none at all is a close.
pub(super) fn ended(bytes: &[u8]) -> Outcome {
    if bytes.is_empty() { Outcome::Closed } else { replied(bytes) }
}

/// The line that a client sends: the token, and as many bytes more as the call wants.
pub(super) fn line(token: &str, payload: u64) -> Vec<u8> {
    let mut line = token.as_bytes().to_vec();
    if payload > 0 {
        line.push(b' ');
        line.extend(filling(payload));
    }
    line.push(b'\n');
    line
}

/// The bytes of a payload.
pub(super) fn filling(payload: u64) -> Vec<u8> {
    vec![b'x'; usize::try_from(payload).unwrap_or(usize::MAX)]
}
