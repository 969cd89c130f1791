//! The kinds that a mesh brings with it.

use super::Kind;

/// Lists Istio's kinds, each in the version that current manifests use (istio/istio:manifests/charts/base/files/crd-all.gen.yaml).
/// Their objects are taken as they are.
#[must_use]
pub fn istio() -> Vec<Kind> {
    const NETWORKING: &str = "networking.istio.io";
    const SECURITY: &str = "security.istio.io";
    let kinds = [
        (NETWORKING, "v1", "DestinationRule", "destinationrules", "dr"),
        (NETWORKING, "v1alpha3", "EnvoyFilter", "envoyfilters", ""),
        (NETWORKING, "v1", "Gateway", "gateways", "gw"),
        (NETWORKING, "v1beta1", "ProxyConfig", "proxyconfigs", ""),
        (NETWORKING, "v1", "ServiceEntry", "serviceentries", "se"),
        (NETWORKING, "v1", "Sidecar", "sidecars", ""),
        (NETWORKING, "v1", "VirtualService", "virtualservices", "vs"),
        (NETWORKING, "v1", "WorkloadEntry", "workloadentries", "we"),
        (NETWORKING, "v1", "WorkloadGroup", "workloadgroups", "wg"),
        (SECURITY, "v1", "AuthorizationPolicy", "authorizationpolicies", "ap"),
        (SECURITY, "v1", "PeerAuthentication", "peerauthentications", "pa"),
        (SECURITY, "v1", "RequestAuthentication", "requestauthentications", "ra"),
        ("telemetry.istio.io", "v1", "Telemetry", "telemetries", "telemetry"),
    ];
    let made = kinds.map(|(group, version, kind, plural, short)| Kind {
        short_names: if short.is_empty() { Vec::new() } else { vec![short.to_owned()] },
        has_status: true,
        ..Kind::new(group, version, kind, plural, true)
    });
    made.into()
}
