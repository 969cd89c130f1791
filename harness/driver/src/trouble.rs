//! What the runner gets from every room that fails.

use std::error::Error;

use dualproof_model::evidence::FailureKind;

/// An error that knows what it means for the run, and what to do next.
pub trait Explained: Error {
    /// Tells what kind of trouble it is.
    fn kind(&self) -> FailureKind;

    /// Says what to do next; empty when there is no advice.
    fn hint(&self) -> String;
}

/// Why a stage ended the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What kind of trouble it is.
    pub kind: FailureKind,
    /// What was tried, on what, and why it failed: the error and its sources.
    pub what: String,
    /// What to do next; empty when there is no advice.
    pub hint: String,
}

impl<E: Explained> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self { kind: error.kind(), what: chain(&error), hint: error.hint() }
    }
}

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

/// Says an error of the Kubernetes client in the API server's own words where it spoke. (kube prints a refusal twice, once as
/// Rust's debug text.)
#[must_use]
pub fn kube_words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => {
            let words = if status.message.trim().is_empty() { &status.reason } else { &status.message };
            format!("{} ({})", words.trim(), status.code)
        }
        // "ServiceError" says nothing beside its cause.
        kube::Error::Service(cause) => chain(&**cause),
        other => chain(other),
    }
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

    impl Explained for Outer {
        fn kind(&self) -> FailureKind {
            FailureKind::InvalidEnvironment
        }

        fn hint(&self) -> String {
            "look inside".to_owned()
        }
    }

    #[test]
    fn trouble_spells_each_cause_once() {
        let trouble = Trouble::from(Outer(Repeats(Inner)));
        assert_eq!(trouble.what, "outer: middle: inner cause");
        assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
        assert_eq!(trouble.hint, "look inside");
    }
}
