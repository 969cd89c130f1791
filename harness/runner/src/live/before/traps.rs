//! What the machine's traps mean for a run that is about to begin.

use dualproof_driver::doctor::{Seen, Severity};
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::FailureKind;

/// Refuses a machine on which the run cannot work, with all that blocks it at once; returns the warnings otherwise.
///
/// # Errors
/// [`FailureKind::InvalidEnvironment`] with every trap that blocks, and every cure.
pub(in crate::live) fn refuse(seen: Vec<Seen>) -> Result<Vec<String>, Trouble> {
    let (blocks, warns): (Vec<Seen>, Vec<Seen>) = seen.into_iter().partition(|seen| seen.severity == Severity::Blocks);
    if blocks.is_empty() {
        return Ok(warns
            .into_iter()
            .map(|seen| format!("warning: {}: {}; {}", seen.id, seen.seen, seen.cure))
            .collect());
    }
    let join = |tell: fn(&Seen) -> String| blocks.iter().map(tell).collect::<Vec<_>>().join("; ");
    Err(Trouble {
        kind: FailureKind::InvalidEnvironment,
        what: join(|seen| format!("{}: {}", seen.id, seen.seen)),
        hint: join(|seen| seen.cure.clone()),
    })
}
