//! HTTP: the connection manager, and how clusters speak it.

use serde_json::{Value, json};

use super::{ads, extension, stdout_access_log, typed, with};
use crate::proxy::Proxy;

const OPTIONS: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// Which side of the pod a connection manager is on.
pub(crate) enum HttpSide<'a> {
    /// Takes calls for the pod; the routes stand in it.
    Inbound {
        /// Its routes.
        routes: Value,
        /// The port is declared HTTP/2.
        http2: bool,
    },
    /// Takes the pod's own calls.
    Outbound {
        /// The name of its routes.
        routes: &'a str,
    },
}

/// Makes the HTTP connection manager (istio/istio:pilot/pkg/networking/core/listener_builder.go `buildHTTPConnectionManager`).
pub(crate) fn connection_manager(proxy: &Proxy<'_>, stat_prefix: &str, side: HttpSide<'_>) -> Value {
    let request_id = typed(
        "envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig",
        json!({ "use_request_id_for_trace_sampling": true }),
    );
    let config = json!({
        "stat_prefix": format!("{stat_prefix};"),
        "http_filters": filters(),
        "tracing": tracing(proxy),
        "use_remote_address": false,
        "proxy_100_continue": true,
        "upgrade_configs": [{ "upgrade_type": "websocket" }],
        "stream_idle_timeout": "0s",
        "normalize_path": true,
        "request_id_extension": { "typed_config": request_id },
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
    });
    let config = with(config, [("access_log", proxy.settings.access_log.then(stdout_access_log))]);
    let config = match side {
        HttpSide::Outbound { routes } => {
            with(config, [("rds", Some(json!({ "config_source": ads(), "route_config_name": routes })))])
        }
        HttpSide::Inbound { routes, http2 } => with(
            config,
            [
                ("route_config", Some(routes)),
                ("server_name", Some(json!("istio-envoy"))),
                ("forward_client_cert_details", Some(json!("APPEND_FORWARD"))),
                ("set_current_client_cert_details", Some(json!({ "subject": true, "dns": true, "uri": true }))),
                ("http2_protocol_options", http2.then(|| json!({}))),
            ],
        ),
    };
    extension(
        "envoy.filters.network.http_connection_manager",
        typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager", config),
    )
}

/// Options of a cluster whose port is declared HTTP/2.
pub(crate) fn http2_upstream() -> Value {
    json!({ OPTIONS: typed(OPTIONS, json!({ "explicit_http_config": { "http2_protocol_options": {} } })) })
}

/// Options of a cluster that speaks what the client spoke; `idle` closes silent connections after 300 s.
pub(crate) fn sniffed_upstream(idle: bool) -> Value {
    let options =
        json!({ "use_downstream_protocol_config": { "http_protocol_options": {}, "http2_protocol_options": {} } });
    let common = idle.then(|| json!({ "idle_timeout": "300s" }));
    json!({ OPTIONS: typed(OPTIONS, with(options, [("common_http_protocol_options", common)])) })
}

/// Filters of every connection manager, those of Istio's own build left out: `PILOT_ENABLE_ALPN_FILTER` and
/// `PILOT_ENABLE_METADATA_EXCHANGE` are off, as an upstream Envoy needs it.
fn filters() -> Value {
    const FILTER: &str = "envoy.extensions.filters.http";
    let grpc = json!({ "emit_filter_state": true, "stats_for_all_methods": false });
    json!([
        extension("envoy.filters.http.grpc_stats", typed(&format!("{FILTER}.grpc_stats.v3.FilterConfig"), grpc)),
        extension("envoy.filters.http.fault", typed(&format!("{FILTER}.fault.v3.HTTPFault"), json!({}))),
        extension("envoy.filters.http.cors", typed(&format!("{FILTER}.cors.v3.Cors"), json!({}))),
        extension("envoy.filters.http.router", typed(&format!("{FILTER}.router.v3.Router"), json!({}))),
    ])
}

fn tracing(proxy: &Proxy<'_>) -> Value {
    let dry_run = |tag: &str, key: &str| {
        json!({
            "tag": format!("istio.authorization.dry_run.{tag}"),
            "metadata": {
                "kind": { "request": {} },
                "metadata_key": { "key": "envoy.filters.http.rbac", "path": [{ "key": format!("istio_dry_run_{key}") }] },
            },
        })
    };
    let literal = |tag: &str, value: &str| json!({ "tag": format!("istio.{tag}"), "literal": { "value": value } });
    let names = &proxy.settings.names;
    json!({
        "client_sampling": { "value": 100 },
        "random_sampling": { "value": 1 },
        "overall_sampling": { "value": 100 },
        "custom_tags": [
            dry_run("allow_policy.name", "allow_shadow_effective_policy_id"),
            dry_run("allow_policy.result", "allow_shadow_engine_result"),
            dry_run("deny_policy.name", "deny_shadow_effective_policy_id"),
            dry_run("deny_policy.result", "deny_shadow_engine_result"),
            literal("canonical_revision", proxy.pod.canonical_revision().unwrap_or("latest")),
            literal("canonical_service", proxy.pod.canonical_name()),
            literal("cluster_id", &names.cluster),
            literal("mesh_id", &names.mesh),
            literal("namespace", &proxy.pod.id.namespace),
        ],
    })
}
