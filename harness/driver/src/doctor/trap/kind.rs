//! kind: absent, older than the node image, with a cluster of the name.

use super::{Seen, Trap, fit};
use crate::cluster::{ClusterError, KindSettings};
use crate::context::RunContext;
use crate::doctor::Machine;
use crate::tool::ToolError;
use crate::trouble::{Explained, chain};

/// kind is not there.
pub(super) const ABSENT: Trap = Trap {
    id: "kind-absent",
    title: "kind is not installed",
    why: "kind makes the cluster; without it only `--provider existing` works",
};

/// kind is older than the node image.
pub(super) const TOO_OLD: Trap = Trap {
    id: "kind-too-old",
    title: "kind is older than the node image needs",
    why: "kind promises a node image to work only with the release it was built for: kubeadm's configuration, image loading or \
          cgroups may differ, and the cluster does not start",
};

/// A cluster of the name is there.
pub(super) const NAME_TAKEN: Trap = Trap {
    id: "cluster-name-taken",
    title: "A kind cluster of that name is there",
    why: "it is not this run's, so it is neither used nor removed",
};

/// The first minor release of kind (`0.x`) whose release notes list a node image of a Kubernetes minor (`1.x`):
/// <https://github.com/kubernetes-sigs/kind/releases>, v0.23.0 to v0.33.0. Minors that are not here are not judged.
const FIRST_KIND: &[(u64, u64)] = &[(30, 23), (31, 24), (32, 25), (35, 31), (36, 32), (37, 33)];

/// From this Kubernetes minor kubeadm reads no v1beta3 configuration, and from this minor kind writes another
/// (kind's release notes of v0.32.0, "kubeadm v1beta4 config format").
const V1BETA4: (u64, u64) = (37, 32);

/// Looks at kind.
pub(in crate::doctor) async fn look(context: &RunContext, machine: &Machine, settings: &KindSettings) -> Vec<Seen> {
    let (version, name) =
        tokio::join!(machine.tools.kind_version(context), machine.tools.check_name(context, &settings.name));
    let mut seen = Vec::new();
    match version {
        Ok(version) => seen.extend(too_old(&version, settings)),
        Err(error @ ClusterError::Tool { source: ToolError::NotFound { .. }, .. }) => {
            let cure = "install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation): \
                        `go install sigs.k8s.io/kind@latest`";
            return vec![ABSENT.blocks(chain(&error), cure)];
        }
        Err(error) => seen.push(TOO_OLD.unsure(chain(&error), "kind version")),
    }
    seen.extend(name.err().map(|error| match error {
        ClusterError::NameTaken { .. } => NAME_TAKEN.blocks(error.to_string(), error.hint()),
        _ => NAME_TAKEN.unsure(chain(&error), "kind get clusters"),
    }));
    seen
}

fn too_old(version: &str, settings: &KindSettings) -> Option<Seen> {
    let kubernetes = fit::kubernetes(settings)?;
    // kind has never had another major version than 0.
    let (0, kind) = fit::minor(version)? else { return None };
    let first = FIRST_KIND.iter().find(|(minor, _)| (1, *minor) == kubernetes).map(|(_, kind)| *kind);
    let newer = |minor: u64| format!("install a newer kind: `go install sigs.k8s.io/kind@v0.{minor}.0`");
    let (_, minor) = kubernetes;
    if minor >= V1BETA4.0 && kind < V1BETA4.1 {
        return Some(TOO_OLD.blocks(
            format!(
                "kind {version} writes kubeadm's v1beta3 configuration, which Kubernetes 1.{minor} does not read any more"
            ),
            newer(first.unwrap_or(V1BETA4.1)),
        ));
    }
    let first = first.filter(|first| kind < *first)?;
    Some(TOO_OLD.warns(
        format!("kind {version} is older than kind 0.{first}, the first with a node image of Kubernetes 1.{minor}"),
        newer(first),
    ))
}
