//! The arguments of `istio-init` (istio/istio:tools/istio-iptables/pkg/cmd/root.go): written by the injector, read at the pod's start.

use std::collections::BTreeMap;

use dualproof_netns::traffic::{InboundPorts, OutboundPorts, Redirect};
use ipnet::IpNet;
use serde_json::Value;

use crate::mesh::MeshError;
use crate::store::object::{items, text};

/// The container that sets the redirect up.
pub(in crate::mesh) const CONTAINER: &str = "istio-init";
/// Everything, where ports or networks are listed.
const ALL: &str = "*";

/// The proxies' half of the switch, in their environment.
pub(in crate::mesh) const SWITCH: &str = "ISTIO_DUAL_STACK";

/// Ports of the sidecar itself, which are never redirected.
const OWN_PORTS: [&str; 3] = ["15090", "15021", "15020"];

const INCLUDE_INBOUND: &str = "traffic.sidecar.istio.io/includeInboundPorts";
const EXCLUDE_INBOUND: &str = "traffic.sidecar.istio.io/excludeInboundPorts";
const INCLUDE_OUTBOUND: &str = "traffic.sidecar.istio.io/includeOutboundPorts";
const EXCLUDE_OUTBOUND: &str = "traffic.sidecar.istio.io/excludeOutboundPorts";
const INCLUDE_NETWORKS: &str = "traffic.sidecar.istio.io/includeOutboundIPRanges";
const EXCLUDE_NETWORKS: &str = "traffic.sidecar.istio.io/excludeOutboundIPRanges";

/// Writes the container's arguments for a pod with these annotations, as Istio's injector does
/// (istio/istio:manifests/charts/istio-control/istio-discovery/files/injection-template.yaml).
///
/// # Errors
/// [`MeshError::Annotation`] for ports and networks that are none, and for what this mesh cannot do.
pub(in crate::mesh) fn arguments(annotations: &BTreeMap<String, String>) -> Result<Vec<String>, MeshError> {
    let said = |name: &'static str, default: &str| annotations.get(name).map_or(default, String::as_str).to_owned();
    let (inbound, outbound, networks) =
        (said(INCLUDE_INBOUND, ALL), said(INCLUDE_OUTBOUND, ""), said(INCLUDE_NETWORKS, ALL));
    let (not_inbound, not_outbound, not_networks) =
        (said(EXCLUDE_INBOUND, ""), said(EXCLUDE_OUTBOUND, ""), said(EXCLUDE_NETWORKS, ""));
    let fault = |annotation, value: &str| {
        let value = value.to_owned();
        move |why| MeshError::Annotation { annotation, value, why }
    };
    if inbound != ALL {
        ports(&inbound).map_err(fault(INCLUDE_INBOUND, &inbound))?;
    }
    if !networks.is_empty() && networks != ALL {
        let why = "only `*` and nothing can be redirected here".to_owned();
        return Err(fault(INCLUDE_NETWORKS, &networks)(why));
    }
    for (annotation, value) in
        [(EXCLUDE_INBOUND, &not_inbound), (INCLUDE_OUTBOUND, &outbound), (EXCLUDE_OUTBOUND, &not_outbound)]
    {
        ports(value).map_err(fault(annotation, value))?;
    }
    self::networks(&not_networks).map_err(fault(EXCLUDE_NETWORKS, &not_networks))?;
    let mut excluded: Vec<&str> = OWN_PORTS.to_vec();
    excluded.extend(not_inbound.split(',').map(str::trim).filter(|port| !port.is_empty()));
    let mut arguments: Vec<String> =
        ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT"].map(str::to_owned).to_vec();
    for (flag, value) in [("-i", networks), ("-x", not_networks), ("-b", inbound), ("-d", excluded.join(","))] {
        arguments.extend([flag.to_owned(), value]);
    }
    for (flag, value) in [("-o", not_outbound), ("-q", outbound)] {
        if !value.is_empty() {
            arguments.extend([flag.to_owned(), value]);
        }
    }
    arguments.push("--log_output_level=default:info".to_owned());
    Ok(arguments)
}

/// What the container is asked to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its arguments, but for the families.
    pub(super) redirect: Redirect,
    /// The proxies' half of the switch, from its environment.
    pub(super) dual_stack: bool,
    /// The words as they were given, by their flag.
    pub(super) words: BTreeMap<String, String>,
}

/// Reads the container.
///
/// # Errors
/// [`MeshError::Argument`] where it is not as [`arguments`] writes it.
pub(super) fn asked(container: &Value) -> Result<Asked, MeshError> {
    let wrong =
        |argument: &str, why: String| MeshError::Argument { container: CONTAINER, argument: argument.to_owned(), why };
    let mut words = BTreeMap::new();
    let mut given = items(container, "/args").iter().filter_map(Value::as_str).skip(1);
    while let Some(flag) = given.next() {
        if !flag.starts_with("--") {
            let value = given.next().ok_or_else(|| wrong(flag, "no value follows".to_owned()))?;
            words.insert(flag.to_owned(), value.to_owned());
        }
    }
    let word = |flag: &str| words.get(flag).map_or("", String::as_str);
    let listed = |flag: &str| ports(word(flag)).map_err(|why| wrong(flag, why));
    let port = |flag: &str| word(flag).parse::<u16>().map_err(|_| wrong(flag, format!("`{}` is no port", word(flag))));
    let redirect = Redirect {
        outbound_port: port("-p")?,
        inbound_port: port("-z")?,
        inbound: if word("-b") == ALL {
            InboundPorts::AllBut(listed("-d")?)
        } else {
            InboundPorts::Only(listed("-b")?)
        },
        // With `*` everything is redirected anyway; ports of their own count where no network is.
        outbound: if word("-i") == ALL { OutboundPorts::All } else { OutboundPorts::Only(listed("-q")?) },
        excluded_outbound_ports: listed("-o")?,
        excluded_outbound_networks: networks(word("-x")).map_err(|why| wrong("-x", why))?,
        ..Redirect::default()
    };
    Ok(Asked { redirect, dual_stack: dual_stack(container), words })
}

/// Reads the proxies' half of the switch from a container's environment; off where it is left out.
pub(in crate::mesh) fn dual_stack(container: &Value) -> bool {
    let is_on = |variable: &Value| text(variable, "/name") == SWITCH && text(variable, "/value") == "true";
    items(container, "/env").iter().any(is_on)
}

fn ports(list: &str) -> Result<Vec<u16>, String> {
    let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| format!("`{word}` is no port"))).collect()
}

fn networks(list: &str) -> Result<Vec<IpNet>, String> {
    let words = list.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|_| format!("`{word}` is no network such as 10.0.0.0/8"))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(annotations: &[(&str, &str)], env: Value) -> Result<Asked, MeshError> {
        let annotations = annotations.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        asked(&json!({"name": CONTAINER, "args": arguments(&annotations)?, "env": env}))
    }

    #[test]
    fn what_the_injector_writes_is_what_the_redirect_does() -> Result<(), MeshError> {
        let plain = read(&[], json!([{"name": "ISTIO_DUAL_STACK", "value": "true"}]))?;
        assert_eq!((plain.redirect, plain.dual_stack), (Redirect::default(), true));
        let special = read(
            &[
                (EXCLUDE_INBOUND, "22, 80"),
                (EXCLUDE_OUTBOUND, "443"),
                (EXCLUDE_NETWORKS, "10.0.0.0/8,fd00::/8"),
                (INCLUDE_NETWORKS, ""),
                (INCLUDE_OUTBOUND, "9000"),
            ],
            json!([]),
        )?;
        let expected = Redirect {
            inbound: InboundPorts::AllBut(vec![15090, 15021, 15020, 22, 80]),
            outbound: OutboundPorts::Only(vec![9000]),
            excluded_outbound_ports: vec![443],
            excluded_outbound_networks: networks("10.0.0.0/8,fd00::/8").unwrap_or_default(),
            ..Redirect::default()
        };
        assert_eq!((special.redirect, special.dual_stack), (expected, false));
        let only = read(&[(INCLUDE_INBOUND, "9000")], json!([]))?;
        assert_eq!(only.redirect.inbound, InboundPorts::Only(vec![9000]));
        Ok(())
    }

    #[test]
    fn annotations_that_cannot_be_followed_are_told() {
        for (name, value) in [
            (INCLUDE_INBOUND, "http"),
            (EXCLUDE_INBOUND, "70000"),
            (INCLUDE_NETWORKS, "10.0.0.0/8"),
            (EXCLUDE_NETWORKS, "10.0.0.0/40"),
        ] {
            let refused = read(&[(name, value)], json!([]));
            let named = matches!(&refused, Err(MeshError::Annotation { annotation, .. }) if *annotation == name);
            assert!(named, "{refused:?}");
        }
    }
}
