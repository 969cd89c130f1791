//! One run, as every room sees it, and how it marks what it makes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dualproof_model::evidence::RUN_LABEL;
use dualproof_model::plan::Timeouts;
use tokio_util::sync::CancellationToken;

use super::WaitLog;

/// The label of a cluster that its user asked to keep, with the value `true`: sweeping leaves it alone even where the record
/// of its run cannot be seen.
pub const KEPT_LABEL: &str = "dualproof.dev/kept";

/// The recommended label that says who made an object, and its value.
pub const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "dualproof");

/// The field manager of every server-side apply.
pub const FIELD_MANAGER: &str = "dualproof";

/// One run, as every room sees it. Clones share the cancellation and the log of waits.
#[derive(Clone, Debug)]
pub struct RunContext {
    /// The run's id: a valid label value and a valid part of a cluster's name (`[a-z0-9-]`).
    pub run: String,
    /// Cancelled when the user stops the run; every wait, request and child ends then.
    pub cancel: CancellationToken,
    /// The budgets.
    pub timeouts: Timeouts,
    /// Where every wait is recorded.
    pub waits: WaitLog,
    /// The run's private folder (mode 0700): kubeconfig, rendered inputs.
    pub folder: PathBuf,
}

impl RunContext {
    /// Returns the labels of every object that the run makes.
    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(RUN_LABEL.to_owned(), self.run.clone()), (MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned())])
    }

    /// Returns the same run with a cancellation of its own, for removing what was made after the user stopped the run.
    #[must_use]
    pub fn for_cleanup(&self) -> Self {
        Self { cancel: CancellationToken::new(), ..self.clone() }
    }
}
