//! Troubles in one line.

use std::error::Error;

/// Joins an error and its sources with `: `. A source that its parent has already spelled is left out, because many
/// crates put their source into their own text.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("inner cause")]
    struct Inner;

    #[derive(Debug, thiserror::Error)]
    #[error("middle: {0}")]
    struct Repeats(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Repeats);

    #[test]
    fn each_cause_is_spelled_once() {
        assert_eq!(chain(&Outer(Repeats(Inner))), "outer: middle: inner cause");
    }
}
