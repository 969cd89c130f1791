//! From a reply's text to an answer.

use dualproof_wire::{Answer, Protocol, unseal};

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What it said before the client spoke; `None` unless the protocol has it speak first.
    pub greeting: Option<Answer>,
    /// What it answered.
    pub answer: Answer,
}

/// A text is no answer of our server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAnswer {
    /// There is none.
    #[error("the reply is empty")]
    Empty,
    /// Too few or too many lines.
    #[error("the reply has {seen} lines, {expected} expected")]
    Lines {
        /// How many the protocol has.
        expected: usize,
        /// How many there are.
        seen: usize,
    },
    /// A line is not an answer.
    #[error("line {line} of the reply is no answer: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What the parser met.
        why: String,
    },
}

/// Reads a reply: one JSON line, or two from a server that speaks first. The end of the last line may be missing.
///
/// # Errors
/// For everything else: another program's words, a reply that was cut or changed after the server wrote it, one with an unknown or a
/// missing field, two answers where one belongs.
pub fn read(text: &str, protocol: Protocol) -> Result<Reply, NotAnAnswer> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(NotAnAnswer::Empty);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let parse = |index: usize| {
        let not = |why: String| NotAnAnswer::Line { line: index + 1, why };
        let answer = unseal(lines[index]).map_err(|error| not(error.to_string()))?;
        serde_json::from_str::<Answer>(&answer).map_err(|error| not(error.to_string()))
    };
    match (protocol, lines.len()) {
        (Protocol::TcpServerFirst, 2) => Ok(Reply { greeting: Some(parse(0)?), answer: parse(1)? }),
        (Protocol::TcpServerFirst, seen) => Err(NotAnAnswer::Lines { expected: 2, seen }),
        (_, 1) => Ok(Reply { greeting: None, answer: parse(0)? }),
        (_, seen) => Err(NotAnAnswer::Lines { expected: 1, seen }),
    }
}
