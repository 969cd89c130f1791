//! From the run's settings to those of providers and meshes.

use std::sync::Arc;

use dualproof_driver::cluster::{Existing, Kind, KindSettings, Provider};
use dualproof_driver::doctor::{Source, Subject};
use dualproof_driver::mesh::MeshSettings;
use dualproof_model::plan::ProviderKind;

use crate::embedded::{Embedded, EmbeddedSettings, ThisMachine};
use crate::settings::Settings;

/// Makes the provider that the settings name.
pub(in crate::live) fn provider(settings: &Settings, run: &str) -> Box<dyn Provider> {
    match settings.provider {
        ProviderKind::Existing => Box::new(existing(settings)),
        ProviderKind::Kind => Box::new(Kind::new(kind_settings(settings, run))),
        ProviderKind::Embedded => Box::new(Embedded::new(EmbeddedSettings {
            name: cluster_name(settings, run),
            order: settings.order,
            nodes: settings.nodes,
            envoy: settings.envoy.clone(),
            cache: settings.cache.clone(),
            keep: settings.keep,
        })),
    }
}

/// Says for what the machine is examined. A kind cluster may be `handed` on by the cell before.
pub(in crate::live) fn subject(settings: &Settings, run: &str, handed: bool) -> Subject {
    Subject {
        source: match settings.provider {
            ProviderKind::Existing => Source::Existing(existing(settings)),
            ProviderKind::Embedded => {
                Source::Embedded(Arc::new(ThisMachine::new(settings.envoy.as_deref(), &settings.cache)))
            }
            ProviderKind::Kind if handed => Source::Handed(kind_settings(settings, run)),
            ProviderKind::Kind => Source::Kind(kind_settings(settings, run)),
        },
        mesh: settings.mesh,
        mesh_version: settings.mesh_version.clone(),
        out: settings.out.clone(),
        state: settings.state.clone(),
    }
}

fn existing(settings: &Settings) -> Existing {
    Existing {
        kubeconfig: settings.kubeconfig.clone(),
        context: settings.context.clone(),
        page: Some(dualproof_embedded::supervisor::NETNS_PAGE),
    }
}

fn kind_settings(settings: &Settings, run: &str) -> KindSettings {
    KindSettings {
        name: cluster_name(settings, run),
        kubernetes: settings.kubernetes.clone(),
        node_image: settings.node_image.clone(),
        order: settings.order,
        nodes: settings.nodes,
        keep: settings.keep,
        stock: settings.stock,
    }
}

/// Names the cluster that a run makes.
pub(in crate::live) fn cluster_name(settings: &Settings, run: &str) -> String {
    settings.cluster_name.clone().unwrap_or_else(|| KindSettings::default_name(run))
}

/// Takes what concerns the mesh.
pub(in crate::live) fn mesh_settings(settings: &Settings) -> MeshSettings {
    MeshSettings {
        tool: settings.istioctl.clone(),
        version: settings.mesh_version.clone(),
        cache: settings.cache.clone(),
        releases: settings.istio_mirror.clone(),
        sets: settings.mesh_set.clone(),
        overlays: settings.mesh_overlay.clone(),
    }
}
