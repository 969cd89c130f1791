//! Images of the mesh: names of what this process plays.

use super::installation::Installation;

/// The last part of the image of the sidecar and of its redirect.
pub(super) const PROXY: &str = "proxyv2";
/// The last part of the image of the control plane.
pub(super) const CONTROL_PLANE: &str = "istiod";

/// Names the image of the sidecar, and of its redirect.
pub(super) fn proxy(installation: &Installation) -> String {
    format!("dualproof.dev/{PROXY}:{}", installation.own_version())
}
