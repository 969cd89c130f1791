//! What can be wrong with objects.

use dualproof_model::evidence::PodRef;
use dualproof_model::family::AddressError;

/// Objects do not say what they must.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// A document is no list.
    #[error("{what} is neither a list nor an object with `items`")]
    NoList {
        /// Which document.
        what: &'static str,
    },
    /// An object has another form.
    #[error("{kind} {index} cannot be read")]
    Object {
        /// The kind.
        kind: &'static str,
        /// Where in its list, from 0.
        index: usize,
        /// The reason.
        source: serde_json::Error,
    },
    /// An address is none.
    #[error("{kind} `{namespace}/{name}` has an address that cannot be read")]
    Address {
        /// The kind.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The reason.
        source: AddressError,
    },
    /// A word is not one of those that the API knows.
    #[error("{kind} `{namespace}/{name}` says `{value}` for {field}, and only {known} is known")]
    Word {
        /// The kind.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
        /// What may stand there.
        known: &'static str,
    },
    /// A field asks for what is not done here.
    #[error("{kind} `{namespace}/{name}` says {field}, which is not followed here")]
    Unfollowed {
        /// The kind.
        kind: &'static str,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// The field.
        field: &'static str,
    },
    /// There is no such pod.
    #[error("there is no pod `{0}`")]
    NoPod(PodRef),
    /// The pod has no address, so there is nothing to listen for.
    #[error("pod `{0}` has no address yet")]
    NoAddress(PodRef),
}

impl WorldError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoList { what } => format!("give {what} as `kubectl get {what} -A -o json` prints it"),
            Self::Object { kind, .. } | Self::Address { kind, .. } | Self::Word { kind, .. } => {
                format!("look at the {kind} with `kubectl get -o yaml` and correct the field")
            }
            Self::Unfollowed { field, .. } => format!("leave {field} out, or try it on a cluster with Istio"),
            Self::NoPod(pod) => format!("list the pods of namespace `{}`", pod.namespace),
            Self::NoAddress(_) => "wait until `status.podIPs` is filled".to_owned(),
        }
    }
}
