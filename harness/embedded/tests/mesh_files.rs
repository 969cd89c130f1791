//! What the control plane writes for sidecars, without any: files, their versions, and what keeps it from writing.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use dualproof_embedded::authority::Authority;
use dualproof_embedded::controller::{ClusterConfig, Controllers, Defaults, ServiceAdmission};
use dualproof_embedded::envoy::Envoy;
use dualproof_embedded::mesh::{ControlPlane, Injector, Installation};
use dualproof_embedded::node::Proxies;
use dualproof_embedded::store::{Key, Part, Removal, Store, WriteOptions, builtin, istio, resource};
use dualproof_model::spec::profiles;
use dualproof_netns::traffic::Redirect;
use serde_json::{Value, json};

type Tried<T = ()> = Result<T, Box<dyn std::error::Error>>;

struct Bench {
    store: Store,
    plane: ControlPlane,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(version: &str) -> Tried<Self> {
        let config = ClusterConfig::new(vec!["fd00:10:96::/112".parse()?, "10.96.0.0/16".parse()?]);
        let rules = ServiceAdmission::new(&config);
        let store = Store::new(builtin(), vec![Box::new(Injector), Box::new(Defaults), Box::new(rules)]);
        store.install_kinds(istio());
        Controllers::new(&store, &config)?.settle();
        let envoy = Envoy { path: PathBuf::from("/envoy"), version: "1".to_owned(), passed: Vec::new() };
        let text = include_str!("../../../scenarios/profiles.yaml");
        let authority = Authority::new("cluster.local", SystemTime::now())?;
        let plane = ControlPlane::new(&store, profiles("profiles.yaml", text)?, authority, envoy);
        let bench = Self { store, plane, folder: tempfile::tempdir()? };
        bench.create(resource::NAMESPACES, "", json!({"metadata": {"name": "istio-system"}}))?;
        let app = json!({"metadata": {"name": "app", "labels": {"istio-injection": "enabled"}}});
        bench.create(resource::NAMESPACES, "", app)?;
        let data = json!({"version": version, "dualStack": "true", "proxyDualStack": "true"});
        bench.create(
            resource::CONFIG_MAPS,
            "istio-system",
            json!({"metadata": {"name": "dualproof-mesh"}, "data": data}),
        )?;
        Ok(bench)
    }

    fn create(&self, kind: &str, namespace: &str, object: Value) -> Tried<Arc<Value>> {
        Ok(self.store.create(&Key::new(kind, namespace, ""), object, &WriteOptions::default())?)
    }

    fn service(&self, name: &str) -> Tried<Vec<IpAddr>> {
        let spec = json!({"ipFamilyPolicy": "RequireDualStack", "selector": {"app": "x"}, "ports": [{"name": "tcp", "port": 9000}]});
        let made = self.create(resource::SERVICES, "app", json!({"metadata": {"name": name}, "spec": spec}))?;
        let listed = made["spec"]["clusterIPs"].as_array().ok_or("no addresses")?.iter();
        Ok(listed.filter_map(Value::as_str).map(str::parse).collect::<Result<_, _>>()?)
    }

    fn pod(&self, name: &str, annotations: Value) -> Tried<Value> {
        let metadata = json!({"name": name, "annotations": annotations});
        let spec = json!({"containers": [{"name": "app", "image": "app"}]});
        self.create(resource::PODS, "app", json!({"metadata": metadata, "spec": spec}))?;
        let key = Key::new(resource::PODS, "app", name);
        let stored = self.store.modify(&key, Part::Status, &WriteOptions::default(), |before| {
            let mut pod = before.clone();
            pod["status"]["podIPs"] = json!([{"ip": "fd00:10:244::5"}, {"ip": "10.244.0.5"}]);
            Ok(pod)
        })?;
        Ok((*stored).clone())
    }

    fn launch(&self, pod: &Value) -> Tried<PathBuf> {
        let folder = self.folder.path().join(pod["metadata"]["name"].as_str().ok_or("no name")?);
        std::fs::create_dir_all(&folder)?;
        self.plane.launch(pod, &folder)?;
        Ok(folder)
    }

    /// Sends what has changed: the run's first step, after which it is stopped.
    fn push(&self) -> Tried {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let stop = tokio_util::sync::CancellationToken::new();
        stop.cancel();
        runtime.block_on(self.plane.run(stop));
        Ok(())
    }
}

fn read(folder: &Path, file: &str) -> Tried<Value> {
    Ok(serde_json::from_slice(&std::fs::read(folder.join(file))?)?)
}

fn names(document: &Value) -> Vec<&str> {
    let resources = document["resources"].as_array().map(Vec::as_slice).unwrap_or_default();
    resources.iter().filter_map(|resource| resource["name"].as_str()).collect()
}

#[test]
fn a_change_of_services_reaches_the_files_of_a_sidecar_and_no_other_change_does() -> Tried {
    let bench = Bench::new("1.31.0")?;
    let folder = bench.launch(&bench.pod("client", json!({}))?)?;
    let before = [read(&folder, "cds.json")?, read(&folder, "lds.json")?];
    bench.create(resource::SERVICE_ACCOUNTS, "app", json!({"metadata": {"name": "other"}}))?;
    bench.push()?;
    assert_eq!([read(&folder, "cds.json")?, read(&folder, "lds.json")?], before);
    bench.service("echo")?;
    bench.push()?;
    let after = [read(&folder, "cds.json")?, read(&folder, "lds.json")?];
    assert!(names(&after[0]).contains(&"outbound|9000||echo.app.svc.cluster.local"), "{:?}", names(&after[0]));
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before["version_info"], after["version_info"]);
    }
    assert_eq!(read(&folder, "sds/default.json")?["version_info"], before[0]["version_info"]);
    let uid = bench.store.get(&Key::new(resource::PODS, "app", "client"))?["metadata"]["uid"].clone();
    bench.plane.gone(uid.as_str().unwrap_or_default());
    bench.service("late")?;
    bench.push()?;
    assert_eq!(read(&folder, "cds.json")?, after[0], "a pod that is gone is sent nothing");
    Ok(())
}

#[test]
fn the_regression_of_1_24_loses_the_first_address_of_an_ipv6_first_service_and_1_31_does_not() -> Tried {
    for (version, keeps) in [("1.24.2", false), ("1.24.6", true), ("1.31.0", true)] {
        let bench = Bench::new(version)?;
        let addresses = bench.service("echo")?;
        let first = addresses.first().filter(|address| address.is_ipv6()).ok_or("not IPv6 first")?;
        let folder = bench.launch(&bench.pod("client", json!({}))?)?;
        let listeners = read(&folder, "lds.json")?.to_string();
        assert_eq!(listeners.contains(&format!("\"{first}\"")), keeps, "{version}");
    }
    Ok(())
}

#[test]
fn the_proxys_half_of_the_switch_is_the_pods_own() -> Tried {
    let bench = Bench::new("1.31.0")?;
    let off = json!({"proxy.istio.io/config": "proxyMetadata: {ISTIO_DUAL_STACK: \"false\"}"});
    for (name, annotations, expected) in [("on", json!({}), "true"), ("off", off, "false")] {
        let pod = bench.pod(name, annotations)?;
        let node = read(&bench.launch(&pod)?, "envoy.json")?;
        let switch = node.pointer("/node/metadata/PROXY_CONFIG/proxyMetadata/ISTIO_DUAL_STACK");
        assert_eq!(switch, Some(&json!(expected)), "{name}");
        let redirect = bench.plane.redirect(&pod, &pod["spec"]["initContainers"][0])?;
        assert_eq!(redirect.redirect.families.v6, expected == "true", "{name}");
        assert!(redirect.preamble.contains(&format!("DUAL_STACK={expected}\n")), "{}", redirect.preamble);
        let all = Redirect { families: redirect.redirect.families.clone(), ..Redirect::default() };
        assert_eq!(redirect.redirect, all, "{name}");
    }
    Ok(())
}

#[test]
fn a_policy_that_cannot_be_read_is_left_out_and_a_good_one_is_followed() -> Tried {
    let bench = Bench::new("1.31.0")?;
    let folder = bench.launch(&bench.pod("server", json!({}))?)?;
    let permissive = read(&folder, "lds.json")?;
    let policy = |name: &str, mode: &str| json!({"metadata": {"name": name}, "spec": {"mtls": {"mode": mode}}});
    bench.create("peerauthentications.security.istio.io", "app", policy("bad", "SOMETIMES"))?;
    bench.push()?;
    assert_eq!(read(&folder, "lds.json")?["resources"], permissive["resources"]);
    bench.create("peerauthentications.security.istio.io", "app", policy("good", "STRICT"))?;
    bench.push()?;
    assert_ne!(read(&folder, "lds.json")?["resources"], permissive["resources"]);
    Ok(())
}

#[test]
fn a_sidecar_resource_reaches_the_files_and_one_that_is_not_followed_is_left_out() -> Tried {
    let bench = Bench::new("1.31.0")?;
    let folder = bench.launch(&bench.pod("client", json!({}))?)?;
    let unknown = |folder: &Path| -> Tried<Value> {
        let listeners = read(folder, "lds.json")?;
        let all = listeners["resources"].as_array().ok_or("no list")?;
        let outbound = all.iter().find(|listener| listener["name"] == "virtualOutbound").ok_or("no listener")?;
        let chains = outbound["filter_chains"].as_array().ok_or("no chains")?;
        Ok(chains.last().ok_or("no chain")?["filters"][0]["typed_config"]["cluster"].clone())
    };
    assert_eq!(unknown(&folder)?, "PassthroughCluster");
    let resource = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
    let sidecars = "sidecars.networking.istio.io";
    let policy = json!({"mode": "REGISTRY_ONLY"});
    let strange = json!({"outboundTrafficPolicy": policy.clone(), "egress": [{"bind": "::", "hosts": ["*/*"]}]});
    bench.create(sidecars, "app", resource("strange", strange))?;
    bench.push()?;
    assert_eq!(unknown(&folder)?, "PassthroughCluster");
    bench.create(sidecars, "app", resource("closed", json!({"outboundTrafficPolicy": policy})))?;
    bench.push()?;
    assert_eq!(unknown(&folder)?, "BlackHoleCluster");
    bench.store.remove(&Key::new(sidecars, "app", "closed"), &Removal::default())?;
    bench.push()?;
    assert_eq!(unknown(&folder)?, "PassthroughCluster");
    Ok(())
}

#[test]
fn without_a_mesh_that_works_nothing_is_injected_or_started() -> Tried {
    let bench = Bench::new("1.31.0")?;
    let pod = bench.pod("early", json!({}))?;
    let removed = bench.store.remove(&Installation::key(), &Removal::default());
    removed?;
    let refused = bench.plane.launch(&pod, bench.folder.path()).err().unwrap_or_default();
    assert!(refused.contains("no mesh is installed"), "{refused}");
    assert_eq!(bench.pod("naked", json!({}))?["spec"].get("initContainers"), None);

    let data = json!({"version": "1.31.0", "dualStack": "maybe"});
    bench.create(
        resource::CONFIG_MAPS,
        "istio-system",
        json!({"metadata": {"name": "dualproof-mesh"}, "data": data}),
    )?;
    let refused = bench.plane.launch(&pod, bench.folder.path()).err().unwrap_or_default();
    assert!(refused.contains("`maybe` for `dualStack`"), "{refused}");
    let refused = bench.pod("late", json!({})).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(refused.contains("denied the request") && refused.contains("dualStack"), "{refused}");
    Ok(())
}

#[test]
fn a_pod_without_addresses_cannot_have_a_sidecar() -> Tried {
    let bench = Bench::new("1.31.0")?;
    let mut pod = bench.pod("early", json!({}))?;
    pod["status"]["podIPs"] = json!([]);
    let refused = bench.plane.launch(&pod, bench.folder.path()).err().unwrap_or_default();
    assert!(refused.contains("has no address yet"), "{refused}");
    Ok(())
}
