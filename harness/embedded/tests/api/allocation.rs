//! Families, addresses and ports of Services, held against the model's own table.

use dualproof_embedded::controller::{ClusterConfig, Controllers};
use dualproof_embedded::store::object::items;
use dualproof_embedded::store::{Key, Part, Refusal, Store, WriteOptions, resource};
use dualproof_model::family::{IpFamily, IpFamilyPolicy, parse_ip};
use dualproof_model::truth::{Allocation, allocation};
use serde_json::{Value, json};

use crate::Outcome;

const V4: &str = "10.96.0.0/16";
const V6: &str = "fd00:10:96::/112";

fn cluster(ranges: &[&str]) -> Result<(Store, Vec<IpFamily>), Box<dyn std::error::Error>> {
    let config = ClusterConfig::new(ranges.iter().map(|range| range.parse()).collect::<Result<_, _>>()?);
    let store = config.store();
    Controllers::new(&store, &config)?;
    Ok((store, config.families()))
}

fn words(service: &Value, pointer: &str) -> Vec<String> {
    items(service, pointer).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn expected(
    (policy, headless, selector): (IpFamilyPolicy, bool, bool),
    given: &[IpFamily],
    cluster: &[IpFamily],
) -> Option<Allocation> {
    let is_free = headless && !selector;
    let fits = is_free || given.iter().all(|family| cluster.contains(family));
    let is_contradiction = policy == IpFamilyPolicy::SingleStack && given.len() == 2;
    if !fits || is_contradiction { None } else { allocation(policy, headless, selector, cluster.len()) }
}

#[test]
fn every_combination_is_stored_as_the_models_table_says() -> Outcome {
    let (v4, v6) = (IpFamily::IPv4, IpFamily::IPv6);
    let families: [&[IpFamily]; 5] = [&[], &[v4], &[v6], &[v4, v6], &[v6, v4]];
    let policies = [IpFamilyPolicy::SingleStack, IpFamilyPolicy::PreferDualStack, IpFamilyPolicy::RequireDualStack];
    let mut count = 0;
    for ranges in [&[V4][..], &[V6], &[V4, V6], &[V6, V4]] {
        let (store, ours) = cluster(ranges)?;
        for (policy, given) in policies.iter().flat_map(|policy| families.iter().map(move |given| (*policy, *given))) {
            for (headless, selector) in [(false, false), (false, true), (true, false), (true, true)] {
                count += 1;
                let mut spec = json!({ "ipFamilyPolicy": policy.to_string(), "ports": [{ "port": 80 }] });
                if !given.is_empty() {
                    spec["ipFamilies"] = given.iter().map(ToString::to_string).collect::<Vec<_>>().into();
                }
                if headless {
                    spec["clusterIP"] = "None".into();
                }
                if selector {
                    spec["selector"] = json!({ "app": "x" });
                }
                let case = format!("{ours:?}: {spec}");
                let key = Key::new(resource::SERVICES, "default", &format!("s{count}"));
                let stored = store.create(&key, json!({ "spec": spec }), &WriteOptions::default());
                let Some(expected) = expected((policy, headless, selector), given, &ours) else {
                    assert_eq!(stored.err().map(|refusal| refusal.code()), Some(422), "{case}");
                    continue;
                };
                let stored = stored.map_err(|refusal| format!("{case}: {refusal}"))?;
                let (got, addresses) = (words(&stored, "/spec/ipFamilies"), words(&stored, "/spec/clusterIPs"));
                assert_eq!(got.len(), expected.families, "{case}: {got:?}");
                assert_eq!(got[0], given.first().unwrap_or(&ours[0]).to_string(), "{case}");
                assert!(got.len() == 1 || got[0] != got[1], "{case}: {got:?}");
                if headless {
                    assert_eq!((expected.cluster_ips, addresses), (0, vec!["None".to_owned()]), "{case}");
                    continue;
                }
                assert_eq!(addresses.len(), expected.cluster_ips, "{case}");
                assert_eq!(stored["spec"]["clusterIP"], addresses[0].as_str(), "{case}");
                for (address, family) in addresses.iter().zip(&got) {
                    assert_eq!(IpFamily::of(&parse_ip(address)?).to_string(), *family, "{case}");
                }
            }
        }
    }
    assert_eq!(count, 240);
    Ok(())
}

#[test]
fn a_service_without_a_policy_gets_that_of_its_kind() -> Outcome {
    let (store, _) = cluster(&[V6, V4])?;
    let cases = [
        (json!({ "ports": [{ "port": 80 }] }), "SingleStack", 1),
        (json!({ "ports": [{ "port": 80 }], "clusterIP": "None" }), "RequireDualStack", 2),
        (json!({ "ports": [{ "port": 80 }], "clusterIP": "None", "selector": { "a": "b" } }), "SingleStack", 1),
    ];
    for (position, (spec, policy, families)) in cases.into_iter().enumerate() {
        let key = Key::new(resource::SERVICES, "default", &format!("s{position}"));
        let stored = store.create(&key, json!({ "spec": spec }), &WriteOptions::default())?;
        assert_eq!(stored["spec"]["ipFamilyPolicy"], policy);
        assert_eq!(words(&stored, "/spec/ipFamilies").len(), families);
    }
    let external = json!({ "spec": { "type": "ExternalName", "externalName": "example.test" } });
    let stored = store.create(&Key::new(resource::SERVICES, "default", "e"), external, &WriteOptions::default())?;
    assert_eq!((&stored["spec"]["ipFamilies"], &stored["spec"]["clusterIP"]), (&Value::Null, &Value::Null));
    Ok(())
}

#[test]
fn refusals_are_in_the_words_of_the_api_server() -> Outcome {
    let (store, _) = cluster(&[V4])?;
    let ports = json!([{ "port": 80 }]);
    let cases = [
        (
            json!({ "ipFamilyPolicy": "RequireDualStack", "ports": ports }),
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
        ),
        (
            json!({ "ipFamilies": ["IPv6"], "ports": ports }),
            "spec.ipFamilies[0]: Invalid value: \"IPv6\": not configured on this cluster",
        ),
        (
            json!({ "clusterIP": "fd00::1", "ports": ports }),
            "spec.clusterIPs[0]: Invalid value: [\"fd00::1\"]: IPv6 is not configured on this cluster",
        ),
        (
            json!({ "ipFamilies": ["IPv4", "IPv4"], "ipFamilyPolicy": "PreferDualStack", "ports": ports }),
            "spec.ipFamilies[1]: Duplicate value: \"IPv4\"",
        ),
        (
            json!({ "clusterIP": "10.96.0.1", "ports": ports }),
            "spec.clusterIPs: Invalid value: [\"10.96.0.1\"]: failed to allocate IP 10.96.0.1: provided IP is already allocated",
        ),
        (
            json!({ "clusterIP": "10.1.0.1", "ports": ports }),
            "spec.clusterIPs: Invalid value: [\"10.1.0.1\"]: failed to allocate IP 10.1.0.1: the provided network does not match the current range: 10.96.0.0/16",
        ),
        (json!({}), "spec.ports: Required value"),
    ];
    for (spec, words) in cases {
        let key = Key::new(resource::SERVICES, "default", "s");
        let refused = store.create(&key, json!({ "spec": spec }), &WriteOptions::default());
        let said = refused.err().map(|refusal| refusal.to_string());
        assert_eq!(said, Some(format!("Service \"s\" is invalid: {words}")), "{spec}");
    }
    Ok(())
}

fn change(store: &Store, key: &Key, patch: &Value) -> Result<Value, Refusal> {
    let changed = store.modify(key, Part::Main, &WriteOptions::default(), |service| {
        let mut service = service.clone();
        for (field, value) in patch.as_object().into_iter().flatten() {
            service["spec"][field] = value.clone();
        }
        Ok(service)
    })?;
    Ok((*changed).clone())
}

#[test]
fn the_second_family_comes_and_goes_and_the_first_stays() -> Outcome {
    let (store, _) = cluster(&[V4, V6])?;
    let key = Key::new(resource::SERVICES, "default", "s");
    let made = store.create(&key, json!({ "spec": { "ports": [{ "port": 80 }] } }), &WriteOptions::default())?;
    let first = made["spec"]["clusterIP"].clone();

    let dual = change(&store, &key, &json!({ "ipFamilyPolicy": "PreferDualStack" }))?;
    assert_eq!(words(&dual, "/spec/ipFamilies"), ["IPv4", "IPv6"]);
    assert_eq!((dual["spec"]["clusterIPs"][0].clone(), words(&dual, "/spec/clusterIPs").len()), (first.clone(), 2));

    for (patch, said) in [
        (json!({ "ipFamilies": ["IPv6", "IPv4"] }), "expected an IPv6 value as indicated by `ipFamilies[0]`"),
        (
            json!({ "ipFamilies": ["IPv4"], "clusterIPs": [first] }),
            "must be 'SingleStack' to release the secondary IP family",
        ),
        (
            json!({ "clusterIP": "10.96.7.7", "clusterIPs": ["10.96.7.7", dual["spec"]["clusterIPs"][1]] }),
            "may not change once set",
        ),
    ] {
        let refused = change(&store, &key, &patch).err().map(|refusal| refusal.to_string()).unwrap_or_default();
        assert!(refused.contains(said), "{patch}: {refused}");
    }
    // Any other change leaves them alone (kubernetes/kubernetes#101681).
    let edited = change(&store, &key, &json!({ "sessionAffinity": "ClientIP" }))?;
    assert_eq!(edited["spec"]["clusterIPs"], dual["spec"]["clusterIPs"]);

    let single = change(&store, &key, &json!({ "ipFamilyPolicy": "SingleStack" }))?;
    assert_eq!(
        (words(&single, "/spec/ipFamilies"), words(&single, "/spec/clusterIPs").len()),
        (vec!["IPv4".to_owned()], 1)
    );
    assert_eq!(single["spec"]["clusterIP"], first);
    Ok(())
}

#[test]
fn node_ports_are_given_kept_and_given_up() -> Outcome {
    let (store, _) = cluster(&[V4, V6])?;
    let key = |name: &str| Key::new(resource::SERVICES, "default", name);
    let spec = json!({ "spec": { "type": "NodePort", "ports": [
        { "name": "a", "port": 80 }, { "name": "b", "port": 80, "protocol": "UDP" }, { "name": "c", "port": 81, "nodePort": 30500 }] } });
    let made = store.create(&key("s"), spec.clone(), &WriteOptions::default())?;
    let ports: Vec<i64> = items(&made, "/spec/ports").iter().filter_map(|port| port["nodePort"].as_i64()).collect();
    assert_eq!((ports[0], ports[1], ports[2]), (30000, 30000, 30500), "one port of two protocols has one node port");

    let taken = store.create(&key("t"), spec, &WriteOptions::default());
    let said = taken.err().map(|refusal| refusal.to_string()).unwrap_or_default();
    assert!(
        said.contains("spec.ports[2].nodePort: Invalid value: 30500: provided port is already allocated"),
        "{said}"
    );
    let high = json!({ "spec": { "type": "NodePort", "ports": [{ "port": 80, "nodePort": 80 }] } });
    let said = store.create(&key("h"), high, &WriteOptions::default()).err().map(|refusal| refusal.to_string());
    assert!(said.unwrap_or_default().contains("The range of valid ports is 30000-32767"));

    let fresh = change(&store, &key("s"), &json!({ "ports": [{ "name": "a", "port": 80 }] }))?;
    assert_eq!(fresh["spec"]["ports"][0]["nodePort"], 30000, "what the client left out is kept");
    let plain = change(&store, &key("s"), &json!({ "type": "ClusterIP" }))?;
    assert_eq!(plain["spec"]["ports"][0].get("nodePort"), None);
    Ok(())
}
