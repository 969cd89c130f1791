//! The messages of Envoy's API, as far as a family can be lost in them, in both spellings.
//!
//! `#[serde(default)]` everywhere: protobuf leaves out what has its default value.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::json::Number;

/// `envoy.config.core.v3.Address`. Pipes and internal addresses are unknown fields here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Address<'a> {
    #[serde(borrow, alias = "socketAddress")]
    pub(super) socket_address: Option<SocketAddress<'a>>,
}

/// `envoy.config.core.v3.SocketAddress`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SocketAddress<'a> {
    #[serde(borrow)]
    pub(super) protocol: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) address: Cow<'a, str>,
    #[serde(alias = "portValue")]
    pub(super) port_value: Option<Number>,
}

/// `Listener.AdditionalAddress` and `Endpoint.AdditionalAddress`: an address in one more wrapper.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wrapped<'a> {
    #[serde(borrow)]
    pub(super) address: Address<'a>,
}

/// `envoy.config.listener.v3.Listener`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Listener<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) address: Option<Address<'a>>,
    #[serde(borrow, alias = "additionalAddresses")]
    pub(super) additional_addresses: Vec<Wrapped<'a>>,
    #[serde(borrow, alias = "trafficDirection")]
    pub(super) traffic_direction: Cow<'a, str>,
    #[serde(alias = "internalListener")]
    pub(super) internal_listener: Option<IgnoredAny>,
    #[serde(alias = "apiListener")]
    pub(super) api_listener: Option<IgnoredAny>,
}

/// `envoy.admin.v3.UpdateFailureState`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UpdateFailure<'a> {
    #[serde(borrow)]
    pub(super) details: Cow<'a, str>,
    #[serde(borrow, alias = "failedConfiguration")]
    pub(super) failed_configuration: Named<'a>,
}

/// Anything with a name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

/// `ListenersConfigDump.DynamicListenerState` and `ListenersConfigDump.StaticListener`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListenerState<'a> {
    #[serde(borrow)]
    pub(super) listener: Option<Listener<'a>>,
}

/// `ListenersConfigDump.DynamicListener`. `draining_state` is the configuration before the last update and serves no new
/// connections, so it is not read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DynamicListener<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, alias = "activeState")]
    pub(super) active_state: Option<ListenerState<'a>>,
    #[serde(borrow, alias = "warmingState")]
    pub(super) warming_state: Option<ListenerState<'a>>,
    #[serde(borrow, alias = "errorState")]
    pub(super) error_state: Option<UpdateFailure<'a>>,
}

/// `envoy.config.core.v3.BindConfig`; its addresses are socket addresses without the `Address` around them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BindConfig<'a> {
    #[serde(borrow, alias = "sourceAddress")]
    pub(super) source_address: Option<SocketAddress<'a>>,
    #[serde(borrow, alias = "extraSourceAddresses")]
    pub(super) extra_source_addresses: Vec<ExtraSource<'a>>,
}

/// `envoy.config.core.v3.ExtraSourceAddress`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ExtraSource<'a> {
    #[serde(borrow)]
    pub(super) address: SocketAddress<'a>,
}

/// `envoy.config.cluster.v3.Cluster`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cluster<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, alias = "clusterType")]
    pub(super) cluster_type: Named<'a>,
    #[serde(borrow, alias = "dnsLookupFamily")]
    pub(super) dns_lookup_family: Cow<'a, str>,
    #[serde(borrow, alias = "upstreamBindConfig")]
    pub(super) upstream_bind_config: BindConfig<'a>,
    #[serde(alias = "connectTimeout")]
    pub(super) connect_timeout: Option<IgnoredAny>,
}

/// `ClustersConfigDump.StaticCluster` and `ClustersConfigDump.DynamicCluster`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ClusterState<'a> {
    #[serde(borrow)]
    pub(super) cluster: Option<Cluster<'a>>,
    #[serde(borrow, alias = "errorState")]
    pub(super) error_state: Option<UpdateFailure<'a>>,
}

/// `EndpointsConfigDump.StaticEndpointConfig` and `EndpointsConfigDump.DynamicEndpointConfig`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct EndpointConfig<'a> {
    #[serde(borrow, alias = "endpointConfig")]
    pub(super) endpoint_config: Option<LoadAssignment<'a>>,
}

/// `envoy.config.endpoint.v3.ClusterLoadAssignment`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LoadAssignment<'a> {
    #[serde(borrow, alias = "clusterName")]
    pub(super) cluster_name: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) endpoints: Vec<Locality<'a>>,
}

/// `envoy.config.endpoint.v3.LocalityLbEndpoints`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Locality<'a> {
    #[serde(borrow, alias = "lbEndpoints")]
    pub(super) lb_endpoints: Vec<LbEndpoint<'a>>,
}

/// `envoy.config.endpoint.v3.LbEndpoint`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LbEndpoint<'a> {
    #[serde(borrow, alias = "healthStatus")]
    pub(super) health_status: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) endpoint: Endpoint<'a>,
}

/// `envoy.config.endpoint.v3.Endpoint`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Endpoint<'a> {
    #[serde(borrow)]
    pub(super) address: Address<'a>,
    #[serde(borrow, alias = "additionalAddresses")]
    pub(super) additional_addresses: Vec<Wrapped<'a>>,
}

/// `RoutesConfigDump.DynamicRouteConfig`; only its refusals matter here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RouteState<'a> {
    #[serde(borrow, alias = "routeConfig")]
    pub(super) route_config: Named<'a>,
    #[serde(borrow, alias = "errorState")]
    pub(super) error_state: Option<UpdateFailure<'a>>,
}

/// `envoy.admin.v3.ListenerStatus`; the additional addresses have no wrapper here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListenerStatus<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, alias = "localAddress")]
    pub(super) local_address: Address<'a>,
    #[serde(borrow, alias = "additionalLocalAddresses")]
    pub(super) additional_local_addresses: Vec<Address<'a>>,
}

/// `envoy.admin.v3.ClusterStatus`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ClusterStatus<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow, alias = "hostStatuses")]
    pub(super) host_statuses: Vec<HostStatus<'a>>,
    #[serde(alias = "observabilityName")]
    pub(super) observability_name: Option<IgnoredAny>,
}

/// `envoy.admin.v3.HostStatus`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct HostStatus<'a> {
    #[serde(borrow)]
    pub(super) address: Address<'a>,
    #[serde(borrow)]
    pub(super) stats: Vec<SimpleMetric<'a>>,
}

/// `envoy.admin.v3.SimpleMetric`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SimpleMetric<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) value: Number,
}
