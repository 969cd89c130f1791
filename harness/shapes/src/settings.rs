//! What the mesh is set to.

use dualproof_model::spec::{MeshVersion, Shapes, VersionProfile, profile_for};

/// Everything beside objects that decides what a sidecar is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The version that the proxies report.
    pub version: MeshVersion,
    /// How that version encodes both families.
    pub shapes: Shapes,
    /// The version has the bug of istio/istio#55577: an IPv6-first Service gets its IPv4 address twice.
    pub ipv4_first_vips: bool,
    /// The switch `ISTIO_DUAL_STACK`, each half on its own.
    pub dual_stack: DualStack,
    /// Whether proxies log every connection to standard output, in the harness's format.
    pub access_log: bool,
    /// The mesh's names.
    pub names: Names,
}

/// The two halves of `ISTIO_DUAL_STACK`. Half of it makes a mesh that is broken in one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DualStack {
    /// In istiod's environment: shapes what is sent.
    pub control_plane: bool,
    /// In the proxies' environment (`proxyMetadata`): shapes the bootstrap (and the redirect, which is not made here).
    pub proxy: bool,
}

impl DualStack {
    /// Both halves on.
    pub const ON: Self = Self { control_plane: true, proxy: true };
    /// Both halves off, Istio's default.
    pub const OFF: Self = Self { control_plane: false, proxy: false };
}

/// Names that a mesh chooses; the default is Istio's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The cluster's DNS domain.
    pub domain: String,
    /// The trust domain of SPIFFE names.
    pub trust_domain: String,
    /// The mesh's own namespace, whose policies hold for the mesh.
    pub root_namespace: String,
    /// The cluster's name in the mesh.
    pub cluster: String,
    /// The mesh's name.
    pub mesh: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            domain: "cluster.local".to_owned(),
            trust_domain: "cluster.local".to_owned(),
            root_namespace: "istio-system".to_owned(),
            cluster: "Kubernetes".to_owned(),
            mesh: "cluster.local".to_owned(),
        }
    }
}

impl Settings {
    /// Makes the settings of a version, as `scenarios/profiles.yaml` describes it, with both switches on and the access log on.
    /// `None` for a version older than every profile.
    #[must_use]
    pub fn of(version: &MeshVersion, profiles: &[VersionProfile]) -> Option<Self> {
        let profile = profile_for(profiles, version)?;
        Some(Self {
            version: version.clone(),
            shapes: profile.shapes,
            ipv4_first_vips: profile.regression("K06", version).is_some(),
            dual_stack: DualStack::ON,
            access_log: true,
            names: Names::default(),
        })
    }

    /// Tells whether an HTTP port's shared wildcard listener takes `::` without the switch: from 1.24, and in 1.23.0, where the
    /// condition was lost (istio/istio#51967).
    #[must_use]
    pub(crate) fn http_wildcard_is_free(&self) -> bool {
        let numbers = self.version.numbers();
        numbers >= [1, 24, 0] || numbers == [1, 23, 0]
    }

    /// Tells whether all VIPs are domains of a virtual host, not only the first (istio/istio#45564).
    #[must_use]
    pub(crate) fn routes_name_all_vips(&self) -> bool {
        self.version.numbers() >= [1, 19, 0]
    }
}
