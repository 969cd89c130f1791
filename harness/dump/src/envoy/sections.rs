//! The sections of `config_dump`.

use std::borrow::Cow;

use serde::Deserialize;

use super::wire;

/// The whole dump: `envoy.admin.v3.ConfigDump`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dump<'a> {
    /// `None` in a document that is no dump.
    #[serde(borrow)]
    pub(super) configs: Option<Vec<Section<'a>>>,
}

/// One section. The fields of all sections stand together and `@type` says which of them mean anything, so that one pass
/// reads the dump whatever the order; sections that no check needs cost no memory.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Section<'a> {
    #[serde(borrow, rename = "@type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, alias = "staticListeners")]
    pub(super) static_listeners: Vec<wire::ListenerState<'a>>,
    #[serde(borrow, alias = "dynamicListeners")]
    pub(super) dynamic_listeners: Vec<wire::DynamicListener<'a>>,
    #[serde(borrow, alias = "staticClusters")]
    pub(super) static_clusters: Vec<wire::ClusterState<'a>>,
    #[serde(borrow, alias = "dynamicActiveClusters")]
    pub(super) dynamic_active_clusters: Vec<wire::ClusterState<'a>>,
    #[serde(borrow, alias = "dynamicWarmingClusters")]
    pub(super) dynamic_warming_clusters: Vec<wire::ClusterState<'a>>,
    #[serde(borrow, alias = "staticEndpointConfigs")]
    pub(super) static_endpoint_configs: Vec<wire::EndpointConfig<'a>>,
    #[serde(borrow, alias = "dynamicEndpointConfigs")]
    pub(super) dynamic_endpoint_configs: Vec<wire::EndpointConfig<'a>>,
    #[serde(borrow, alias = "dynamicRouteConfigs")]
    pub(super) dynamic_route_configs: Vec<wire::RouteState<'a>>,
}

/// The sections that checks need, by the last part of `@type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Listeners,
    Clusters,
    Endpoints,
    Routes,
}

impl Section<'_> {
    /// Tells what section this is; `None` for one that no check needs.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.kind.rsplit('.').next()? {
            "ListenersConfigDump" => Some(Kind::Listeners),
            "ClustersConfigDump" => Some(Kind::Clusters),
            "EndpointsConfigDump" => Some(Kind::Endpoints),
            "RoutesConfigDump" => Some(Kind::Routes),
            _ => None,
        }
    }
}
