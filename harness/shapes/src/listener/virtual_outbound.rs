//! The listener that takes captured outbound connections and hands them to the listener of their address.

use serde_json::{Value, json};

use super::listener as bound;
use crate::envoy::{listener_access_log, tcp_proxy, with};
use crate::proxy::{BLACK_HOLE, Proxy};

const PORT: u16 = 15001;

/// Makes `virtualOutbound`: what no other listener takes goes where it wanted to, unless a Sidecar resource keeps it in; to this port never.
pub(super) fn listener(proxy: &Proxy<'_>) -> Value {
    let mut addresses = proxy.wildcards();
    if !proxy.is_dual_stack() {
        addresses.truncate(1);
    }
    let rest = json!({
        "use_original_dst": true,
        "max_connections_to_accept_per_socket_event": 1,
        "filter_chains": [
            {
                "name": "virtualOutbound-blackhole",
                "filter_chain_match": { "destination_port": PORT },
                "filters": [tcp_proxy(BLACK_HOLE, false)],
            },
            {
                "name": "virtualOutbound-catchall-tcp",
                "filters": [tcp_proxy(proxy.unknown_cluster(), proxy.settings.access_log)],
            },
        ],
    });
    let rest = with(rest, [("access_log", proxy.settings.access_log.then(listener_access_log))]);
    bound("virtualOutbound", &addresses, PORT, "OUTBOUND", rest)
}
