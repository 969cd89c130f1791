//! The redirect of one pod.

use std::net::IpAddr;

use dualproof_model::family::{IpFamily, PerFamily};
use dualproof_netns::traffic::Redirect;
use serde_json::Value;

use super::arguments::{self, Asked};
use crate::mesh::MeshError;

/// Says which redirect a pod with these addresses gets from its container `istio-init`, and what the container says before it: Istio's
/// words (istio/istio:tools/common/config/config.go `Print`) as far as anybody reads them.
///
/// # Errors
/// [`MeshError::Argument`] for a container that the injector has not written.
pub(in crate::mesh) fn redirection(container: &Value, addresses: &[IpAddr]) -> Result<(Redirect, String), MeshError> {
    let mut asked = arguments::asked(container)?;
    asked.redirect.families = families(addresses, asked.dual_stack);
    let preamble = preamble(&asked);
    Ok((asked.redirect, preamble))
}

/// IPv4 always. IPv6 where any address is one, with the proxies' half of the switch; without it where the first address is one, and to
/// Istio the first is of IPv4 wherever there is one (istio/istio:tools/common/config/config.go `getLocalIP`).
fn families(addresses: &[IpAddr], dual_stack: bool) -> PerFamily<bool> {
    let has = |family| addresses.iter().any(|address| IpFamily::of(address) == family);
    PerFamily { v4: true, v6: has(IpFamily::IPv6) && (dual_stack || !has(IpFamily::IPv4)) }
}

fn preamble(asked: &Asked) -> String {
    let word = |flag: &str| asked.words.get(flag).map_or("", String::as_str).to_owned();
    let redirect = &asked.redirect;
    let said = [
        ("PROXY_PORT", redirect.outbound_port.to_string()),
        ("PROXY_INBOUND_CAPTURE_PORT", redirect.inbound_port.to_string()),
        ("PROXY_TUNNEL_PORT", redirect.tunnel_port.to_string()),
        ("PROXY_MARK", redirect.mark.to_string()),
        ("INBOUND_INTERCEPTION_MODE", word("-m")),
        ("INBOUND_PORTS_INCLUDE", word("-b")),
        ("INBOUND_PORTS_EXCLUDE", word("-d")),
        ("OUTBOUND_IP_RANGES_INCLUDE", word("-i")),
        ("OUTBOUND_IP_RANGES_EXCLUDE", word("-x")),
        ("OUTBOUND_PORTS_INCLUDE", word("-q")),
        ("OUTBOUND_PORTS_EXCLUDE", word("-o")),
        ("ENABLE_INBOUND_IPV6", redirect.families.v6.to_string()),
        ("DUAL_STACK", asked.dual_stack.to_string()),
    ];
    let lines = said.iter().map(|(key, value)| format!("{key}={value}\n"));
    format!("Istio config:\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dualproof_dump::istio::redirect_log;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_switch_and_the_addresses_say_which_families_are_redirected() -> Result<(), Box<dyn std::error::Error>> {
        for (addresses, switch, v6) in [
            (&["10.0.0.1", "fd00::1"][..], "true", true),
            (&["fd00::1", "10.0.0.1"], "true", true),
            (&["10.0.0.1", "fd00::1"], "false", false),
            (&["fd00::1", "10.0.0.1"], "false", false),
            (&["fd00::1"], "false", true),
            (&["10.0.0.1"], "true", false),
        ] {
            let args = arguments::arguments(&BTreeMap::new())?;
            let container =
                json!({"name": "istio-init", "args": args, "env": [{"name": "ISTIO_DUAL_STACK", "value": switch}]});
            let parsed = addresses.iter().map(|address| address.parse()).collect::<Result<Vec<_>, _>>()?;
            let (redirect, preamble) = redirection(&container, &parsed)?;
            assert_eq!(redirect.families, PerFamily { v4: true, v6 }, "{addresses:?} {switch}");
            let read = redirect_log(preamble.as_bytes(), "log").ok_or("no redirect log")?;
            assert_eq!((read.inbound_ipv6, read.dual_stack), (Some(v6), Some(switch == "true")));
        }
        Ok(())
    }
}
