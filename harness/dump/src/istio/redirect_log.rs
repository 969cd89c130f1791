//! istio-init's log.

use dualproof_model::evidence::RedirectLog;

/// Finds the effective redirect in the log of `istio-init` (or of `istio-validation` under the CNI plugin, which logs the same); of several
/// runs of the container the last one counts. Any bytes are a log: lines that are not `KEY=true` or `KEY=false` for the two keys say nothing.
///
/// Returns `None` where neither key is there, as with native nftables or a container that never ran.
#[must_use]
pub fn redirect_log(bytes: &[u8], place: &str) -> Option<RedirectLog> {
    let mut inbound_ipv6 = None;
    let mut dual_stack = None;
    for line in String::from_utf8_lossy(bytes).lines() {
        let Some((key, value)) = line.trim().split_once('=') else { continue };
        let Ok(value) = value.parse() else { continue };
        match key {
            "ENABLE_INBOUND_IPV6" => inbound_ipv6 = Some(value),
            "DUAL_STACK" => dual_stack = Some(value),
            _ => {}
        }
    }
    (inbound_ipv6.is_some() || dual_stack.is_some()).then(|| RedirectLog {
        inbound_ipv6,
        dual_stack,
        place: place.to_owned(),
    })
}
