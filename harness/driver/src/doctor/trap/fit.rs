//! Versions: Kubernetes, and Istio on it.

use dualproof_model::plan::MeshKind;
use dualproof_model::spec::MeshVersion;

use super::{Seen, Trap};
use crate::cluster::KindSettings;
use crate::doctor::Subject;

/// Istio and Kubernetes are not made for each other.
pub(super) const VERSIONS: Trap = Trap {
    id: "versions-do-not-fit",
    title: "This Istio is not supported on this Kubernetes",
    why: "it often works all the same; when it does not, a red report blames Istio for what it never promised",
};

/// Minor versions: major and minor.
pub(in crate::doctor) type Minor = (u64, u64);

/// Istio's minor (`1.x`), and the first and last Kubernetes minor that it is supported on: istio.io's table "Support status
/// of Istio releases" (<https://istio.io/latest/docs/releases/supported-releases/>, istio/istio.io
/// `data/compatibility/supportStatus.yml`), and for 1.30 and 1.31 the announcements
/// (`content/en/news/releases/1.31.x/announcing-1.31/_index.md`: "officially supported on Kubernetes versions 1.32 to 1.36").
const SUPPORTED: &[(u64, u64, u64)] = &[
    (17, 23, 26),
    (18, 24, 27),
    (19, 25, 28),
    (20, 25, 29),
    (21, 26, 29),
    (22, 27, 30),
    (23, 27, 30),
    (24, 28, 31),
    (25, 29, 32),
    (26, 29, 33),
    (27, 29, 33),
    (28, 30, 34),
    (29, 31, 35),
    (30, 32, 36),
    (31, 32, 36),
];

/// Compares the mesh with the cluster. A minor that the table does not have is not judged.
pub(in crate::doctor) fn look(subject: &Subject, kubernetes: Option<Minor>) -> Option<Seen> {
    let version = istio(subject)?;
    let [1, istio, _] = version.numbers() else { return None };
    let (1, kubernetes) = kubernetes? else { return None };
    let (_, first, last) = SUPPORTED.iter().find(|(minor, _, _)| *minor == istio)?;
    if (*first..=*last).contains(&kubernetes) {
        return None;
    }
    let seen = format!(
        "Istio {version} on Kubernetes 1.{kubernetes}: Istio 1.{istio} is supported on 1.{first} to 1.{last} (istio.io, supported \
         releases)"
    );
    let newest = SUPPORTED.iter().rev().find(|(_, first, last)| (*first..=*last).contains(&kubernetes));
    let cure = match newest {
        Some((fits, _, _)) => format!("take an Istio that is: `dualproof run --mesh-version 1.{fits}.0`"),
        None => format!(
            "take a Kubernetes that is, a patch release of 1.{}: `dualproof run --kubernetes VERSION`",
            kubernetes.clamp(*first, *last)
        ),
    };
    Some(VERSIONS.warns(seen, cure))
}

/// Returns the version of Istio that is to be installed; `None` without Istio, and when it is not known yet.
pub(super) fn istio(subject: &Subject) -> Option<&MeshVersion> {
    subject.mesh_version.as_ref().filter(|_| subject.mesh == MeshKind::Istio)
}

/// Reads major and minor out of a version: `1.36.1`, `v1.36.1+k3s1`, `0.33.0-alpha`.
pub(in crate::doctor) fn minor(version: &str) -> Option<Minor> {
    let mut parts = version.trim().trim_start_matches('v').split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Tells which Kubernetes the node image holds: by its tag when it is named, else the version that was asked for; `None` when
/// the tag is no version.
pub(in crate::doctor) fn kubernetes(settings: &KindSettings) -> Option<Minor> {
    let Some(image) = &settings.node_image else { return minor(settings.version()) };
    let name = image.split('@').next()?;
    let (_, tag) = name.rsplit('/').next()?.split_once(':')?;
    minor(tag)
}
