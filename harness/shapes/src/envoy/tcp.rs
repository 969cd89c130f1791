//! The TCP proxy.

use serde_json::{Value, json};

use super::{extension, stdout_access_log, typed, with};

/// Sends all bytes to a cluster; statistics go by the cluster's name.
pub(crate) fn tcp_proxy(cluster: &str, logs: bool) -> Value {
    let config = json!({ "stat_prefix": cluster, "cluster": cluster });
    let config = with(config, [("access_log", logs.then(stdout_access_log))]);
    extension(
        "envoy.filters.network.tcp_proxy",
        typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", config),
    )
}
