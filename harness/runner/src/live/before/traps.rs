//! What keeps a run from going on: the machine's traps, and a cluster that is another than the settings say.

use dualproof_driver::cluster::{Cluster, WayIn};
use dualproof_driver::doctor::{Seen, Severity};
use dualproof_driver::trouble::Trouble;
use dualproof_model::evidence::FailureKind;
use dualproof_model::plan::MeshKind;

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

/// Refuses a mesh that a cluster that is there cannot have: what runs in an embedded cluster is never called Istio.
///
/// # Errors
/// [`FailureKind::BadInput`] with the mesh to ask for instead.
pub(in crate::live) fn refuse_mesh(mesh: MeshKind, cluster: &Cluster) -> Result<(), Trouble> {
    let is_embedded = matches!(cluster.way_in, WayIn::Page(_));
    let (is, instead) = match mesh {
        MeshKind::Istio if is_embedded => ("is an embedded one, whose mesh is not Istio", MeshKind::Embedded),
        MeshKind::Embedded if !is_embedded => {
            ("is no embedded one, so it cannot have the embedded mesh", MeshKind::Istio)
        }
        _ => return Ok(()),
    };
    Err(Trouble {
        kind: FailureKind::BadInput,
        what: format!("the cluster `{}` {is}", cluster.name),
        hint: format!("ask for `--mesh {instead}`, or `--mesh none`"),
    })
}
