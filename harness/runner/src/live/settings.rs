//! From the run's settings to those of providers and meshes.

use dualproof_driver::cluster::{Existing, Kind, KindSettings, Provider};
use dualproof_driver::mesh::MeshSettings;
use dualproof_model::plan::ProviderKind;

use crate::settings::Settings;

/// Makes the provider that the settings name.
pub(super) fn provider(settings: &Settings, run: &str) -> Box<dyn Provider> {
    match settings.provider {
        ProviderKind::Existing => {
            Box::new(Existing { kubeconfig: settings.kubeconfig.clone(), context: settings.context.clone() })
        }
        ProviderKind::Kind => Box::new(Kind::new(KindSettings {
            name: settings.cluster_name.clone().unwrap_or_else(|| KindSettings::default_name(run)),
            kubernetes: settings.kubernetes.clone(),
            node_image: settings.node_image.clone(),
            order: settings.order,
            nodes: settings.nodes,
            keep: settings.keep,
        })),
    }
}

/// Takes what concerns the mesh.
pub(super) fn mesh_settings(settings: &Settings) -> MeshSettings {
    MeshSettings {
        tool: settings.istioctl.clone(),
        version: settings.mesh_version.clone(),
        cache: settings.cache.clone(),
        releases: settings.istio_mirror.clone(),
        sets: settings.mesh_set.clone(),
        overlays: settings.mesh_overlay.clone(),
    }
}
