//! What the runner gets from every room that fails.

use std::error::Error;

use dualproof_model::evidence::FailureKind;
pub use dualproof_model::trouble::chain;

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
    #[error("outer")]
    struct Outer(#[source] Inner);

    impl Explained for Outer {
        fn kind(&self) -> FailureKind {
            FailureKind::InvalidEnvironment
        }

        fn hint(&self) -> String {
            "look inside".to_owned()
        }
    }

    #[test]
    fn trouble_has_the_causes_the_kind_and_the_hint() {
        let trouble = Trouble::from(Outer(Inner));
        assert_eq!(trouble.what, "outer: inner cause");
        assert_eq!(trouble.kind, FailureKind::InvalidEnvironment);
        assert_eq!(trouble.hint, "look inside");
    }
}
