//! One combination of the matrix.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::family::FamilyOrder;
use crate::spec::MeshVersion;

/// Where the cluster comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// A kind cluster that the run makes and removes.
    #[default]
    Kind,
    /// A cluster that is there already, by kubeconfig context.
    Existing,
    /// A cluster of namespaces on this machine, without Docker, that the run makes and removes.
    Embedded,
}

/// The mesh under test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MeshKind {
    /// Istio with sidecars.
    #[default]
    Istio,
    /// No mesh: the cluster alone.
    None,
    /// Real Envoys with Istio's shapes, fed by the control plane of an embedded cluster. It is not Istio.
    Embedded,
}

macro_rules! spelled {
    ($kind:ident, $what:literal, $($name:literal => $variant:ident),+) => {
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),+ })
            }
        }
        impl FromStr for $kind {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    other => Err(UnknownWord { what: $what, word: other.to_owned(), allowed: &[$($name),+] }),
                }
            }
        }
    };
}

spelled!(ProviderKind, "provider", "kind" => Kind, "existing" => Existing, "embedded" => Embedded);
spelled!(MeshKind, "mesh", "istio" => Istio, "none" => None, "embedded" => Embedded);

/// A word that is none of the known ones.
#[derive(Debug, thiserror::Error)]
#[error("unknown {what} `{word}`: allowed are {}", .allowed.join(", "))]
pub struct UnknownWord {
    /// What kind of word.
    what: &'static str,
    /// The word.
    word: String,
    /// The known ones.
    allowed: &'static [&'static str],
}

/// One matrix combination: provider × kubernetes × mesh × family order × nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cell {
    /// Where the cluster comes from.
    pub provider: ProviderKind,
    /// The Kubernetes version that was asked for; `None` on a cluster that is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<String>,
    /// The mesh.
    pub mesh: MeshKind,
    /// The mesh's version; `None` without a mesh, or when it is only known once the run has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mesh_version: Option<MeshVersion>,
    /// The order of the families.
    pub order: FamilyOrder,
    /// The number of nodes; 0 on a cluster that is there already.
    pub nodes: u8,
}

impl Cell {
    /// Names the cell without spaces, slashes or commas: `kind-1.36.1_istio-1.31.0-lab_v4-v6_1n`.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = self.provider.to_string();
        if let Some(kubernetes) = &self.kubernetes {
            name.push('-');
            name.push_str(kubernetes);
        }
        name.push('_');
        name.push_str(&self.mesh.to_string());
        if let Some(version) = &self.mesh_version {
            name.push('-');
            name.push_str(version.as_str());
        }
        name.push('_');
        name.push_str(self.order.slug());
        if self.nodes > 0 {
            name.push_str(&format!("_{}n", self.nodes));
        }
        name
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
