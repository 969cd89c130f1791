//! Sidecar resources.

use dualproof_model::evidence::PodRef;
use dualproof_shapes::settings::Settings;
use dualproof_shapes::sidecar::Sidecar;
use dualproof_shapes::world::{Objects, OutboundMode, Scope, World};
use serde_json::{Value, json};

use crate::comparing::load::{Outcome, version_profiles, world};

fn scope(spec: Value) -> Outcome<Scope> {
    let object = json!({"metadata": {"name": "s", "namespace": "sleep"}, "spec": spec});
    let read = World::read(&Objects { sidecars: &[object], ..Objects::default() })?;
    Ok(read.scopes.into_iter().next().ok_or("no Sidecar was read")?)
}

/// What the client of the recording gets in such a scope.
fn sidecar(scope: Option<Scope>) -> Outcome<Sidecar> {
    let world = World { scopes: scope.into_iter().collect(), ..world()? };
    let settings = Settings::of(&"1.31.0".parse()?, &version_profiles()?).ok_or("no profile")?;
    let pod: &PodRef = world.pods.keys().find(|pod| pod.namespace == "sleep").ok_or("no client")?;
    Ok(Sidecar::of(&world, &settings, pod)?)
}

/// The clusters of a listener's chain, or of its default one.
fn chain<'a>(sidecar: &'a Sidecar, listener: &str, name: &str) -> Option<&'a Value> {
    let listener = sidecar.listeners.iter().find(|own| own["name"] == listener)?;
    let chains = listener["filter_chains"].as_array()?.iter().chain([&listener["default_filter_chain"]]);
    Some(&chains.into_iter().find(|chain| chain["name"] == name)?["filters"][0]["typed_config"]["cluster"])
}

#[test]
fn registry_only_keeps_in_what_goes_to_nobody_known_and_nothing_else() -> Outcome {
    let (open, closed) =
        (sidecar(None)?, sidecar(Some(scope(json!({"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}))?))?);
    for (sidecar, cluster, host) in
        [(&open, "PassthroughCluster", "allow_any"), (&closed, "BlackHoleCluster", "block_all")]
    {
        assert_eq!(chain(sidecar, "virtualOutbound", "virtualOutbound-catchall-tcp"), Some(&json!(cluster)));
        assert_eq!(chain(sidecar, "0.0.0.0_80", "PassthroughFilterChain"), Some(&json!(cluster)));
        let last = sidecar.routes["80"]["virtual_hosts"].as_array().and_then(|hosts| hosts.last());
        assert_eq!(last.ok_or("no host")?["name"], host);
    }
    let last = closed.routes["80"]["virtual_hosts"].as_array().and_then(|hosts| hosts.last()).ok_or("no host")?;
    assert_eq!(
        last["routes"],
        json!([{"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}}])
    );
    assert_eq!((&open.clusters, &open.endpoints), (&closed.clusters, &closed.endpoints));
    Ok(())
}

#[test]
fn only_listed_hosts_are_known_to_a_proxy() -> Outcome {
    let clusters = |hosts: Value| -> Outcome<Vec<String>> {
        let sidecar = sidecar(Some(scope(json!({"egress": [{"hosts": hosts}]}))?))?;
        let names = sidecar.clusters.iter().filter_map(|cluster| cluster["name"].as_str());
        Ok(names.filter_map(|name| Some(name.strip_prefix("outbound|")?.split_once("||")?.1.to_owned())).collect())
    };
    let all = clusters(json!(["*/*"]))?;
    assert!(all.iter().any(|host| host.contains(".sleep.")) && all.iter().any(|host| host.contains(".dual-stack.")));
    assert!(clusters(json!(["~/*"]))?.is_empty());
    let own = clusters(json!(["./*"]))?;
    assert!(!own.is_empty() && own.iter().all(|host| host.ends_with(".sleep.svc.cluster.local")), "{own:?}");
    for name in ["*.dual-stack.svc.cluster.local", "tcp-echo.dual-stack.svc.cluster.local"] {
        for namespace in ["*", "dual-stack"] {
            let some = clusters(json!([format!("{namespace}/{name}")]))?;
            assert!(
                !some.is_empty() && some.iter().all(|host| host == "tcp-echo.dual-stack.svc.cluster.local"),
                "{some:?}"
            );
        }
    }
    assert!(clusters(json!(["ipv4/tcp-echo.dual-stack.svc.cluster.local"]))?.is_empty());
    Ok(())
}

#[test]
fn the_narrowest_and_of_those_the_oldest_resource_counts() {
    let labels = [("app".to_owned(), "x".to_owned())].into();
    let scope = |namespace: &str, name: &str, created: &str, app: Option<&str>| Scope {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        created: created.to_owned(),
        selector: app.map(|app| ("app".to_owned(), app.to_owned())).into_iter().collect(),
        ..Scope::default()
    };
    let mut world = World::default();
    let steps = [
        (scope("root", "picky", "0", Some("x")), None),
        (scope("root", "mesh", "9", None), Some("mesh")),
        (scope("ns", "young", "8", None), Some("young")),
        (scope("ns", "old", "7", None), Some("old")),
        (scope("ns", "others", "1", Some("y")), Some("old")),
        (scope("ns", "own", "9", Some("x")), Some("own")),
        (scope("other", "far", "0", None), Some("own")),
    ];
    for (next, expected) in steps {
        let name = next.name.clone();
        world.scopes.push(next);
        assert_eq!(world.scope("ns", &labels, "root").map(|scope| &*scope.name), expected, "with {name}");
    }
}

#[test]
fn what_is_not_followed_is_refused_by_its_name() -> Outcome {
    assert_eq!(scope(json!({"outboundTrafficPolicy": {}}))?.outbound, Some(OutboundMode::RegistryOnly));
    assert_eq!(scope(json!({"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}}))?.outbound, Some(OutboundMode::AllowAny));
    assert_eq!(scope(json!({}))?.outbound, None);
    for (spec, named) in [
        (json!({"outboundTrafficPolicy": {"mode": "NONE"}}), "`NONE`"),
        (json!({"egress": [{"hosts": ["no-slash"]}]}), "`no-slash`"),
        (json!({"egress": [{"bind": "::", "hosts": ["*/*"]}]}), "egress.bind"),
        (json!({"egress": [{"port": {"number": 80}, "hosts": ["*/*"]}]}), "egress.port"),
        (json!({"ingress": []}), "ingress"),
    ] {
        let said = scope(spec).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(named) && said.contains("sleep/s"), "{named}: {said}");
    }
    Ok(())
}
