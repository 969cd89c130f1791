//! Telling beforehand what this machine allows.

use std::path::Path;

use dualproof_model::family::IpFamily;

use super::Obstacle;
use super::obstacle;
use crate::traffic::{Front, Redirect, Services, Transport, VirtualService};
use crate::{Namespace, NetnsError};

/// What a machine says about itself, without anything being tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether we may make namespaces without a user namespace: root may, but not in a container without `CAP_SYS_ADMIN`.
    pub is_capable: bool,
    /// What would forbid a user without that right to make namespaces; [`Obstacle::Unknown`] where no setting that is known of does.
    pub obstacle: Obstacle,
    /// Whether the kernel has IPv6 at all (`/proc/sys/net/ipv6`; absent with `ipv6.disable=1`).
    pub has_ipv6: bool,
}

/// Reads what the machine says about itself. Starts nothing, changes nothing, and needs no rights.
#[must_use]
pub fn probe() -> Readiness {
    Readiness {
        is_capable: obstacle::may_make_them(),
        obstacle: obstacle::find(),
        has_ipv6: Path::new("/proc/sys/net/ipv6").exists(),
    }
}

/// Tries for real what is needed, inside [`super::confine`]: a namespace with a pair of interfaces, the redirect of both families, and services of both. All of it
/// is gone when this returns.
///
/// # Errors
/// [`NetnsError`] for the first that the kernel refused; its hint says what to do.
pub fn trial() -> Result<(), NetnsError> {
    let (one, other) = (Namespace::new("trial-one")?, Namespace::new("trial-two")?);
    one.join("trial0", &other, "trial1")?;
    one.redirect(&Redirect::default())?;
    let service = |family| VirtualService {
        transport: Transport::Tcp,
        front: Front::NodePort { family, port: 1 },
        backends: vec![(Redirect::loopback_source(family), 1).into()],
    };
    other.serve(&Services::new(IpFamily::BOTH.map(service))?)?;
    other.set("ipv4/ip_forward", "1")?;
    other.set("ipv6/conf/all/forwarding", "1")
}
