//! The bootstrap (istio/istio:tools/packaging/common/envoy_bootstrap.json, pkg/bootstrap/config.go).

mod node;
mod resources;
mod statistics;

use serde_json::{Value, json};

use crate::envoy::{ads, socket, typed};
use crate::proxy::Proxy;

/// The port of Envoy's admin API.
const ADMIN: u16 = 15000;

/// Makes the bootstrap. What it binds follows the family of `podIPs[0]`.
pub(crate) fn bootstrap(proxy: &Proxy<'_>) -> Value {
    let log = typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", json!({ "path": "/dev/null" }));
    let stream = json!({
        "api_type": "DELTA_GRPC",
        "grpc_services": [{ "envoy_grpc": { "cluster_name": "xds-grpc" } }],
        "set_node_on_first_message_only": true,
        "transport_api_version": "V3",
    });
    json!({
        "node": node::node(proxy),
        "admin": {
            "address": socket(resources::localhost(proxy), ADMIN),
            "profile_path": "/var/lib/istio/data/envoy.prof",
            "access_log": [{ "name": "envoy.access_loggers.file", "typed_config": log }],
        },
        "static_resources": { "listeners": resources::listeners(proxy), "clusters": resources::clusters(proxy) },
        "dynamic_resources": { "lds_config": ads(), "cds_config": ads(), "ads_config": stream },
        "stats_config": statistics::config(),
        "deferred_stat_options": { "enable_deferred_creation_stats": true },
        "overload_manager": overload(),
        "layered_runtime": runtime(),
        "bootstrap_extensions": [internal_listener()],
        "application_log_config": {
            "log_format": { "text_format": "%Y-%m-%dT%T.%fZ\t%l\tenvoy %n %g:%#\t%v\tthread=%t" },
        },
    })
}

fn overload() -> Value {
    let limit = typed(
        "envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        json!({ "max_active_downstream_connections": "2147483647" }),
    );
    json!({
        "resource_monitors": [
            { "name": "envoy.resource_monitors.global_downstream_max_connections", "typed_config": limit },
        ],
    })
}

fn runtime() -> Value {
    let fixed = json!({
        "envoy.reloadable_features.http_reject_path_with_fragment": false,
        "envoy.reloadable_features.fixed_heap_use_allocated": true,
        "re2.max_program_size.error_level": "32768",
        "envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update": false,
        "envoy.deprecated_features:envoy.config.listener.v3.Listener.hidden_envoy_deprecated_use_original_dst": true,
    });
    json!({
        "layers": [{ "name": "global config", "static_layer": fixed }, { "name": "admin", "admin_layer": {} }],
    })
}

fn internal_listener() -> Value {
    let config = typed(
        "udpa.type.v1.TypedStruct",
        json!({
            "type_url": "type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener",
            "value": { "buffer_size_kb": 64 },
        }),
    );
    json!({ "name": "envoy.bootstrap.internal_listener", "typed_config": config })
}
