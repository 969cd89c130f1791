//! Services and EndpointSlices.

use serde_json::Value;

use super::cells::{joined, selector};
use super::column::{Column, column, wide};
use crate::store::object::{items, number, text};

/// Endpoints that are shown; the rest is counted.
const SHOWN: usize = 3;

pub(super) fn services(name: Column, age: Column) -> Vec<Column> {
    vec![
        name,
        column("Type", |service| text(service, "/spec/type").into()),
        column("Cluster-IP", |service| {
            let address = text(service, "/spec/clusterIP");
            if address.is_empty() { "<none>".into() } else { address.into() }
        }),
        column("External-IP", |service| external(service).into()),
        column("Port(s)", |service| joined(items(service, "/spec/ports").iter().map(port)).into()),
        age,
        wide("Selector", |service| selector(service, "/spec/selector").into()),
    ]
}

pub(super) fn slices(name: Column, age: Column) -> Vec<Column> {
    vec![
        name,
        column("AddressType", |slice| text(slice, "/addressType").into()),
        column("Ports", |slice| {
            let ports = items(slice, "/ports").iter();
            let words: Vec<String> =
                ports.filter_map(|port| number(port, "/port")).map(|port| port.to_string()).collect();
            if words.is_empty() { "<unset>".into() } else { words.join(",").into() }
        }),
        column("Endpoints", |slice| {
            let addresses = items(slice, "/endpoints").iter().flat_map(|endpoint| items(endpoint, "/addresses"));
            let addresses: Vec<&str> = addresses.filter_map(Value::as_str).collect();
            match addresses.as_slice() {
                [] => "<unset>".into(),
                few if few.len() <= SHOWN => few.join(",").into(),
                many => format!("{} + {} more...", many[..SHOWN].join(","), many.len() - SHOWN).into(),
            }
        }),
        age,
    ]
}

fn external(service: &Value) -> String {
    let external = text(service, "/spec/externalName");
    if !external.is_empty() {
        return external.to_owned();
    }
    let ingress = items(service, "/status/loadBalancer/ingress").iter();
    let given = items(service, "/spec/externalIPs").iter().filter_map(Value::as_str);
    let words: Vec<&str> = ingress.map(|ingress| text(ingress, "/ip")).chain(given).collect();
    match (words.is_empty(), text(service, "/spec/type")) {
        (false, _) => words.join(","),
        (true, "LoadBalancer") => "<pending>".to_owned(),
        (true, _) => "<none>".to_owned(),
    }
}

fn port(port: &Value) -> String {
    let (number_of, protocol) = (number(port, "/port").unwrap_or_default(), text(port, "/protocol"));
    match number(port, "/nodePort") {
        Some(node) if node > 0 => format!("{number_of}:{node}/{protocol}"),
        _ => format!("{number_of}/{protocol}"),
    }
}
