//! Which statistics a sidecar keeps, and how their names are taken apart.

use serde_json::{Value, json};

/// Tags and the expressions that find them in a name.
const TAGS: [(&str, &str); 16] = [
    ("cluster_name", r"^cluster(\.(.+);)"),
    ("http_conn_manager_prefix", r"^http\.(((?:[_.[:digit:]\w]*|[_\[\]aAbBcCdDeEfF[:digit:]\w\:]*));\.)"),
    ("thread_name", r"^server(\.(.+))\.watchdog"),
    ("tcp_prefix", r"^tcp\.((.*?)\.)\w+?$"),
    ("response_code", r"_rq(_(\d{3}))$"),
    ("response_code_class", r"_rq(_(\dxx))$"),
    (
        "http_conn_manager_listener_prefix",
        r"^listener(?=\.).*?\.http\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)",
    ),
    ("listener_address", r"^listener\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)"),
    ("mongo_prefix", r"^mongo\.(.+?)\.(collection|cmd|cx_|op_|delays_|decoding_)(.*?)$"),
    ("cache", r"(cache\.(.+?)\.)"),
    ("component", r"(component\.(.+?)\.)"),
    ("tag", r"(tag\.(.+?);\.)"),
    ("wasm_filter", r"(wasm_filter\.(.+?)\.)"),
    ("authz_enforce_result", r"rbac(\.(allowed|denied))"),
    ("authz_dry_run_action", r"(\.istio_dry_run_(allow|deny)_)"),
    ("authz_dry_run_result", r"(\.shadow_(allowed|denied))"),
];

/// Makes `stats_config`: without the harness's asking, a proxy keeps no statistics of single listeners and clusters.
pub(super) fn config() -> Value {
    let tags: Vec<Value> = TAGS.iter().map(|(name, regex)| json!({ "tag_name": name, "regex": regex })).collect();
    json!({
        "use_all_default_tags": false,
        "stats_tags": tags,
        "stats_matcher": { "inclusion_list": { "patterns": [
            { "prefix": "reporter=" },
            { "prefix": "cluster_manager" },
            { "prefix": "listener_manager" },
            { "prefix": "server" },
            { "prefix": "cluster.xds-grpc" },
            { "prefix": "wasm" },
            { "suffix": "rbac.allowed" },
            { "suffix": "rbac.denied" },
            { "suffix": "shadow_allowed" },
            { "suffix": "shadow_denied" },
            { "safe_regex": { "regex": "vhost\\..*\\.route\\..*" } },
            { "prefix": "component" },
            { "prefix": "istio" },
        ] } },
    })
}
