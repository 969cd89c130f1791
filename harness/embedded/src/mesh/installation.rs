//! What a cluster says of its mesh: one ConfigMap.

use dualproof_model::spec::{MeshVersion, VersionProfile};
use dualproof_shapes::settings::{DualStack, Settings};
use dualproof_shapes::world::MtlsMode;
use serde_json::Value;

use super::MeshError;
use crate::store::object::texts;
use crate::store::{Key, resource};

/// The namespace of the control plane.
pub const SYSTEM: &str = "istio-system";
/// The ConfigMap in [`SYSTEM`] that makes the mesh be there. Its data:
///
/// * `version`: which version's shapes are sent, `1.31.0`; must be there
/// * `dualStack`: istiod's half of the switch, `true` or `false`; `false` where it is left out, as in Istio
/// * `proxyDualStack`: the proxies' half, the same
/// * `mode`: who must speak mTLS where no PeerAuthentication says it, `PERMISSIVE` (where it is left out), `STRICT` or `DISABLE`
pub const CONFIG_MAP: &str = "dualproof-mesh";

/// What the versions of this mesh end with, so that nobody takes it for Istio.
const SUFFIX: &str = "-embedded";

/// What the mesh is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The version whose shapes are sent.
    pub version: MeshVersion,
    /// Both halves of the switch. A pod's own annotation may say otherwise for its proxy.
    pub dual_stack: DualStack,
    /// Who must speak mTLS where no PeerAuthentication says it.
    pub mtls: MtlsMode,
}

impl Installation {
    /// Where the ConfigMap is.
    #[must_use]
    pub fn key() -> Key {
        Key::new(resource::CONFIG_MAPS, SYSTEM, CONFIG_MAP)
    }

    /// Reads the ConfigMap; `None`, which is what the store says where there is none, is a cluster without a mesh.
    ///
    /// # Errors
    /// [`MeshError::NotInstalled`], and [`MeshError::Setting`] for a key or a value that is not known.
    pub fn read(config_map: Option<&Value>) -> Result<Self, MeshError> {
        let config_map = config_map.ok_or(MeshError::NotInstalled { namespace: SYSTEM, name: CONFIG_MAP })?;
        let wrong = |key: &str, value: &str, known: &str| MeshError::Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            known: known.to_owned(),
        };
        let mut version = None;
        let mut installation = (DualStack::OFF, MtlsMode::Permissive);
        for (key, value) in texts(config_map, "/data") {
            let switch = || value.parse::<bool>().map_err(|_| wrong(&key, &value, "only true or false"));
            match key.as_str() {
                "version" => {
                    version = Some(value.parse().map_err(|_| wrong(&key, &value, "only a version such as 1.31.0"))?);
                }
                "dualStack" => installation.0.control_plane = switch()?,
                "proxyDualStack" => installation.0.proxy = switch()?,
                "mode" => {
                    installation.1 = match value.as_str() {
                        "PERMISSIVE" => MtlsMode::Permissive,
                        "STRICT" => MtlsMode::Strict,
                        "DISABLE" => MtlsMode::Disable,
                        _ => return Err(wrong(&key, &value, "only PERMISSIVE, STRICT or DISABLE")),
                    };
                }
                _ => return Err(wrong(&key, &value, "no key but version, dualStack, proxyDualStack and mode")),
            }
        }
        let version = version.ok_or_else(|| wrong("version", "", "only a version such as 1.31.0"))?;
        Ok(Self { version, dual_stack: installation.0, mtls: installation.1 })
    }

    /// Spells the version as this mesh tells it: `1.31.0-embedded`.
    #[must_use]
    pub fn own_version(&self) -> String {
        format!("{}{SUFFIX}", self.version)
    }

    /// Makes what decides the shapes.
    ///
    /// # Errors
    /// [`MeshError::Setting`] for a version that no profile describes.
    pub fn settings(&self, profiles: &[VersionProfile]) -> Result<Settings, MeshError> {
        let oldest = profiles.first().map(|profile| profile.from.to_string()).unwrap_or_default();
        let unknown = || MeshError::Setting {
            key: "version".to_owned(),
            value: self.version.to_string(),
            known: format!("only a version from {oldest} on"),
        };
        let settings = Settings::of(&self.version, profiles).ok_or_else(unknown)?;
        let version = self.own_version().parse().map_err(|_| unknown())?;
        Ok(Settings { version, dual_stack: self.dual_stack, ..settings })
    }
}

#[cfg(test)]
mod tests {
    use dualproof_model::spec::profiles;
    use serde_json::json;

    use super::*;

    type Tried = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn a_config_map_says_version_switches_and_mode() -> Tried {
        let full =
            json!({"data": {"version": "1.24.2", "dualStack": "true", "proxyDualStack": "false", "mode": "STRICT"}});
        let installation = Installation::read(Some(&full))?;
        assert_eq!(installation.version.as_str(), "1.24.2");
        assert_eq!(installation.dual_stack, DualStack { control_plane: true, proxy: false });
        assert_eq!(installation.mtls, MtlsMode::Strict);
        let least = Installation::read(Some(&json!({"data": {"version": "1.31.0"}})))?;
        assert_eq!((least.dual_stack, least.mtls), (DualStack::OFF, MtlsMode::Permissive));
        Ok(())
    }

    #[test]
    fn what_it_does_not_know_is_told_with_its_place() {
        let cases = [
            (json!({}), "version"),
            (json!({"version": "new"}), "version"),
            (json!({"version": "1.31.0", "dualStack": "yes"}), "dualStack"),
            (json!({"version": "1.31.0", "mode": "strict"}), "mode"),
            (json!({"version": "1.31.0", "dualstack": "true"}), "dualstack"),
        ];
        for (data, named) in cases {
            let refused = Installation::read(Some(&json!({ "data": data })));
            assert!(matches!(&refused, Err(MeshError::Setting { key, .. }) if key == named), "{refused:?}");
        }
        assert!(matches!(Installation::read(None), Err(MeshError::NotInstalled { .. })));
    }

    #[test]
    fn a_version_gives_its_profile_and_a_name_that_is_not_istios() -> Tried {
        let profiles = profiles("profiles.yaml", include_str!("../../../../scenarios/profiles.yaml"))?;
        let of = |version: &str| -> Result<Settings, Box<dyn std::error::Error>> {
            let installation =
                Installation { version: version.parse()?, dual_stack: DualStack::ON, mtls: MtlsMode::Permissive };
            Ok(installation.settings(&profiles)?)
        };
        let bad = of("1.24.2")?;
        assert_eq!((bad.version.as_str(), bad.ipv4_first_vips), ("1.24.2-embedded", true));
        assert!(!of("1.31.0")?.ipv4_first_vips);
        let ancient = of("1.16.0").err().map(|error| error.to_string()).unwrap_or_default();
        assert!(ancient.contains("only a version from 1.17 on"), "{ancient}");
        Ok(())
    }
}
