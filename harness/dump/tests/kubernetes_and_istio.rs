//! Kubernetes lists, istiod's sync state and istio-init's log, shape by shape.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use dualproof_dump::{istio, kubernetes};
use dualproof_model::evidence::RedirectLog;
use dualproof_model::family::{IpFamily, IpFamilyPolicy};

fn list(kind: &str, item: &str) -> Vec<u8> {
    format!(r#"{{"apiVersion":"v1","items":[{item}],"kind":"{kind}","metadata":{{}}}}"#).into_bytes()
}

fn service(spec: &str) -> Vec<u8> {
    list("ServiceList", &format!(r#"{{"metadata":{{"name":"s","namespace":"n"}},"spec":{spec},"status":{{}}}}"#))
}

#[test]
fn services_of_every_form() {
    let read = |spec: &str| kubernetes::services(&service(spec), "objects/services.json").unwrap().remove(0);
    let dual = read(
        r#"{"ipFamilyPolicy":"RequireDualStack","ipFamilies":["IPv6","IPv4"],"clusterIP":"fd00::1","clusterIPs":["fd00::1","10.0.0.1"],
        "type":"ClusterIP","selector":{"app":"a"},"ports":[{"name":"tcp","port":9000,"targetPort":9000,"appProtocol":"tcp","nodePort":30123},{"port":9001,"nodePort":0},{"port":9002}]}"#,
    );
    assert_eq!(dual.ports.iter().map(|port| port.node_port).collect::<Vec<_>>(), [Some(30123), None, None]);
    assert_eq!(dual.meta.place, "objects/services.json#/items/0");
    assert_eq!(dual.policy, Some(IpFamilyPolicy::RequireDualStack));
    assert_eq!(dual.families, [IpFamily::IPv6, IpFamily::IPv4]);
    assert_eq!(dual.cluster_ips.iter().map(ToString::to_string).collect::<Vec<_>>(), ["fd00::1", "10.0.0.1"]);
    assert_eq!((dual.cluster_ip.unwrap().to_string().as_str(), dual.headless), ("fd00::1", false));
    assert_eq!((dual.ports[0].port, dual.ports[0].protocol.as_str()), (9000, "TCP"));
    let headless = read(r#"{"clusterIP":"None","clusterIPs":["None"],"ports":null,"selector":null}"#);
    assert!(headless.headless && headless.cluster_ips.is_empty() && headless.cluster_ip.is_none());
    assert_eq!(headless.kind, "ClusterIP");
    let external = read(r#"{"type":"ExternalName","externalName":"example.com"}"#);
    assert_eq!((external.policy, external.headless, external.kind.as_str()), (None, false, "ExternalName"));
}

#[test]
fn wrong_values_name_item_and_field() {
    for (spec, field) in [
        (r#"{"clusterIPs":["10.0.0.1","x"]}"#, "items[0].spec.clusterIPs[1]"),
        (r#"{"clusterIP":"10.0.0.256"}"#, "items[0].spec.clusterIP"),
        (r#"{"ipFamilies":["IPv5"]}"#, "items[0].spec.ipFamilies[0]"),
        (r#"{"ipFamilyPolicy":"DualStack"}"#, "items[0].spec.ipFamilyPolicy"),
    ] {
        let error = kubernetes::services(&service(spec), "objects/services.json").unwrap_err().to_string();
        assert!(error.starts_with(&format!("objects/services.json {field}: ")), "{error}");
    }
    let node = list("NodeList", r#"{"metadata":{"name":"a"},"spec":{"podCIDRs":["10.0.0.0/24","10.0.0.0/33"]}}"#);
    let error = kubernetes::nodes(&node, "p").unwrap_err().to_string();
    assert!(error.contains("items[0].spec.podCIDRs[1]") && error.contains("10.0.0.0/33"), "{error}");
    let nameless = list("NodeList", r#"{"spec":{}}"#);
    assert!(kubernetes::nodes(&nameless, "p").unwrap_err().to_string().contains("items[0].metadata.name"));
}

#[test]
fn another_list_is_foreign_even_when_it_would_parse() {
    let pods = list("PodList", r#"{"metadata":{"name":"a"}}"#);
    let mixed = list("List", r#"{"kind":"Pod","metadata":{"name":"a"}}"#);
    // `spec.ports` of a Service is no list here, so the document fails before its kind is known.
    let odd = list("OddList", r#"{"metadata":{"name":"a"},"spec":{"ports":7}}"#);
    assert!(kubernetes::pods(&pods, "p").is_ok() && kubernetes::pods(&mixed, "p").is_ok());
    for (input, words) in [
        (pods, "a Kubernetes object of kind `PodList`"),
        (mixed, "items[0].kind: `Pod` is not Service"),
        (odd, "a Kubernetes object of kind `OddList`"),
        (br#"{"kind":"Service","metadata":{"name":"a"}}"#.to_vec(), "a Kubernetes object of kind `Service`"),
        (br#"{"kind":"Status","status":"Failure","code":403}"#.to_vec(), "a Kubernetes object of kind `Status`"),
        (b"{}".to_vec(), "an empty JSON object"),
        (b"[]".to_vec(), "a JSON array"),
        (b"".to_vec(), "is empty"),
        (b"Error from server (NotFound): x".to_vec(), "text that begins `Error from server"),
    ] {
        let error = kubernetes::services(&input, "p").unwrap_err().to_string();
        assert!(error.contains(words) && error.starts_with("p "), "{error}");
    }
    assert_eq!(kubernetes::services(br#"{"kind":"ServiceList","items":null}"#, "p").unwrap(), []);
}

#[test]
fn slices_of_every_form() {
    let slice = |body: &str| {
        let item = format!(
            r#"{{"metadata":{{"name":"s-1","namespace":"n","labels":{{"kubernetes.io/service-name":"s"}}}},{body}}}"#
        );
        kubernetes::endpoint_slices(&list("EndpointSliceList", &item), "p")
    };
    let v6 = slice(
        r#""addressType":"IPv6","ports":[{"port":9000,"protocol":"TCP"},{"port":null}],"endpoints":[
        {"addresses":["fd00::5"],"conditions":{"ready":false},"targetRef":{"kind":"Pod","namespace":"n","name":"p"}},
        {"addresses":["fd00::6"],"conditions":{}},{"addresses":["fd00::7"],"targetRef":{"kind":"Node","name":"x"}}]"#,
    )
    .unwrap()
    .remove(0);
    assert_eq!((v6.service.as_deref(), v6.family), (Some("s"), Some(IpFamily::IPv6)));
    assert_eq!(v6.ports, [9000]);
    let seen: Vec<_> = v6.endpoints.iter().map(|one| (one.ready, one.pod.is_some())).collect();
    assert_eq!(seen, [(false, true), (true, false), (true, false)]);
    let empty = slice(r#""addressType":"IPv4","endpoints":null,"ports":null"#).unwrap().remove(0);
    assert!(empty.endpoints.is_empty() && empty.ports.is_empty());
    let names = slice(r#""addressType":"FQDN","endpoints":[{"addresses":["a.example"]}]"#).unwrap().remove(0);
    assert_eq!((names.family, names.endpoints[0].addresses.len()), (None, 0));
    let error =
        slice(r#""addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["a"]}]"#).unwrap_err();
    assert!(error.to_string().contains("items[0].endpoints[1].addresses[0]"), "{error}");
    assert!(slice(r#""endpoints":[]"#).unwrap_err().to_string().contains("items[0].addressType"));
}

#[test]
fn pods_of_every_form() {
    let pod = |meta: &str, rest: &str| {
        let item = format!(r#"{{"metadata":{{"name":"p","namespace":"n"{meta}}}{rest}}}"#);
        kubernetes::pods(&list("PodList", &item), "p").unwrap().remove(0)
    };
    let full = pod(
        r#","uid":"3f1c","deletionTimestamp":"2026-01-01T00:00:00Z""#,
        r#","spec":{"nodeName":"w","serviceAccountName":"echo","hostNetwork":true,"containers":[{"name":"app"}],"initContainers":[{"name":"istio-init"},{"name":"istio-proxy"}]},
        "status":{"phase":"Running","podIP":"fd00::5","podIPs":[{"ip":"fd00::5"},{"ip":"10.0.0.5"}],
        "conditions":[{"type":"Initialized","status":"True"},{"type":"Ready","status":"False"}],
        "containerStatuses":[{"restartCount":2}],"initContainerStatuses":[{"restartCount":0},{"restartCount":3}]}"#,
    );
    assert_eq!(full.ips.iter().map(ToString::to_string).collect::<Vec<_>>(), ["fd00::5", "10.0.0.5"]);
    assert!(full.terminating && full.host_network && !full.ready && full.is_meshed());
    assert_eq!((full.restarts, full.containers.join(" ").as_str()), (5, "app istio-init istio-proxy"));
    assert_eq!((full.meta.uid.as_str(), full.service_account.as_str()), ("3f1c", "echo"));
    let new = pod("", r#","status":{"phase":"Pending"}"#);
    assert!(new.ips.is_empty() && !new.ready && !new.terminating && new.node.is_empty());
    assert!(pod("", r#","status":{"conditions":[{"type":"Ready","status":"True"}]}"#).ready);
}

#[test]
fn nodes_and_namespaces() {
    let node = list(
        "NodeList",
        r#"{"metadata":{"name":"w"},"spec":{"podCIDRs":["fd00:10:244::/64","10.244.0.0/24"]},"status":{"nodeInfo":{"kubeletVersion":"v1.36.1"},
        "addresses":[{"type":"InternalIP","address":"fc00::4"},{"type":"InternalIP","address":"172.18.0.4"},{"type":"Hostname","address":"w"}]}}"#,
    );
    let node = kubernetes::nodes(&node, "p").unwrap().remove(0);
    assert_eq!(node.internal_ips.iter().map(ToString::to_string).collect::<Vec<_>>(), ["fc00::4", "172.18.0.4"]);
    assert_eq!(
        node.pod_cidrs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["fd00:10:244::/64", "10.244.0.0/24"]
    );
    assert_eq!(node.kubelet, "v1.36.1");
    let namespace = list(
        "NamespaceList",
        r#"{"metadata":{"name":"ipv6","labels":{"istio-injection":"enabled"}},"spec":{"finalizers":["kubernetes"]}}"#,
    );
    let namespace = kubernetes::namespaces(&namespace, "p").unwrap().remove(0);
    assert_eq!(namespace.meta.labels["istio-injection"], "enabled");
}

#[test]
fn a_real_refusal_in_the_sync_state() {
    let state = istio::syncz(include_bytes!("data/rejected_syncz.json"), "mesh/syncz.json").unwrap();
    // istioctl's own entry, `test-1.default`, was sent nothing.
    assert_eq!(state.proxies.len(), 1);
    let proxy = &state.proxies[0];
    assert_eq!((proxy.version.as_str(), proxy.place.as_str()), ("1.31.0-lab", "mesh/syncz.json#/0"));
    assert_eq!(
        proxy.types.keys().collect::<Vec<_>>(),
        ["Cluster", "ClusterLoadAssignment", "Listener", "RouteConfiguration"]
    );
    assert!(proxy.types["Listener"].error.contains("has different socket type"));
    assert!(!proxy.types["Listener"].is_synced() && proxy.types["Cluster"].is_synced());
}

#[test]
fn the_sync_state_of_an_istiod_without_resources() {
    let state = istio::syncz(
        br#"[{"proxy":"a.b","istio_version":"1.17.0","cluster_sent":"1","cluster_acked":"1","listener_sent":"2"}]"#,
        "p",
    )
    .unwrap();
    let types = &state.proxies[0].types;
    assert!(types["Cluster"].is_synced() && !types["Listener"].is_synced());
    assert_eq!(types.len(), 2);
    assert_eq!(istio::syncz(b"[]", "p").unwrap().proxies, []);
    assert!(istio::syncz(b"[{}]", "p").unwrap_err().to_string().contains("[0].proxy"));
    for foreign in [&b"{}"[..], b"", b"<html>", b"null", b"404 page not found"] {
        assert!(istio::syncz(foreign, "p").is_err());
    }
}

#[test]
fn the_redirect_in_a_log() {
    let log = |inbound_ipv6, dual_stack| Some(RedirectLog { inbound_ipv6, dual_stack, place: "p".to_owned() });
    for (text, expected) in [
        ("x\nENABLE_INBOUND_IPV6=true\nDUAL_STACK=false\n", log(Some(true), Some(false))),
        ("  ENABLE_INBOUND_IPV6=false\r\n", log(Some(false), None)),
        ("DUAL_STACK=\nENABLE_INBOUND_IPV6=maybe\n", None),
        ("DUAL_STACK=false\nDUAL_STACK=true\n", log(None, Some(true))),
        ("MY_DUAL_STACK=true\n\u{fffd}", None),
        ("", None),
    ] {
        assert_eq!(istio::redirect_log(text.as_bytes(), "p"), expected, "{text:?}");
    }
    assert_eq!(istio::redirect_log(b"\xff\nDUAL_STACK=true\n", "p"), log(None, Some(true)));
}
