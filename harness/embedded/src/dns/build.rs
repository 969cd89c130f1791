//! Kubernetes objects to a zone.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use dualproof_model::family::parse_ip;
use hickory_proto::rr::Name;
use serde_json::Value;

use super::DnsError;
use super::zone::{Node, Zone};

/// The label of an EndpointSlice that names its Service.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// What a zone is made of: objects in Kubernetes' JSON, each in any order.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a, T = Value> {
    /// `v1` Namespaces.
    pub namespaces: &'a [T],
    /// `v1` Services.
    pub services: &'a [T],
    /// `discovery.k8s.io/v1` EndpointSlices.
    pub endpoint_slices: &'a [T],
}

/// A zone, and what could not be put into it.
#[derive(Clone, Debug)]
pub struct Built {
    /// The zone.
    pub zone: Zone,
    /// What the zone lacks because the objects do not tell it.
    pub left_out: Vec<LeftOut>,
}

/// A part of an object that has no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The object: `Service dual-stack/tcp-echo`.
    pub object: String,
    /// Why, with the value.
    pub why: String,
}

impl<T: Borrow<Value>> Objects<'_, T> {
    /// Makes the zone of a cluster's domain (such as `cluster.local`, with or without the final dot).
    ///
    /// `ttl` is in seconds; kind's is 30. `serial` is the SOA's: any number that grows with each change.
    /// A Service with ClusterIPs has an address for each; a headless one has the addresses of its ready endpoints, of all with
    /// `publishNotReadyAddresses`, and is not there at all while it has none (specification 1.1.0, 2.4.1).
    ///
    /// # Errors
    /// [`DnsError::Domain`] when the domain is no name. An object that cannot be understood is no error: it is in
    /// [`Built::left_out`], and the rest of the cluster keeps its names.
    pub fn build(&self, domain: &str, ttl: u32, serial: u32) -> Result<Built, DnsError> {
        let mut name = Name::from_ascii(domain)
            .map_err(|source| DnsError::Domain { domain: domain.to_owned(), why: source.to_string() })?;
        name.set_fqdn(true);
        let zone = Zone {
            domain: name,
            ttl,
            serial,
            namespaces: HashSet::new(),
            names: HashMap::new(),
            reverse: HashMap::new(),
            faults: Vec::new(),
        };
        let mut builder = Builder { zone, left_out: Vec::new() };
        for namespace in self.namespaces {
            if let Some(name) = namespace.borrow().pointer("/metadata/name").and_then(Value::as_str) {
                builder.zone.namespaces.insert(name.to_ascii_lowercase());
            }
        }
        let mut slices: BTreeMap<(&str, &str), Vec<&Value>> = BTreeMap::new();
        for slice in self.endpoint_slices.iter().map(Borrow::borrow) {
            let labels = slice.pointer("/metadata/labels");
            if let Some(service) = labels.and_then(|labels| labels.get(SERVICE_NAME)).and_then(Value::as_str) {
                slices.entry((text(slice, "/metadata/namespace"), service)).or_default().push(slice);
            }
        }
        for service in self.services.iter().map(Borrow::borrow) {
            let key = (text(service, "/metadata/namespace"), text(service, "/metadata/name"));
            builder.service(service, key, slices.get(&key).map_or(&[], Vec::as_slice));
        }
        Ok(Built { zone: builder.zone, left_out: builder.left_out })
    }
}

struct Builder {
    zone: Zone,
    left_out: Vec<LeftOut>,
}

/// A port of a Service or of an EndpointSlice.
struct Port<'a> {
    name: &'a str,
    protocol: &'a str,
    /// `None` where a slice has no ports at all, which means that its addresses count and nothing else.
    number: Option<u16>,
}

impl Builder {
    fn service(&mut self, service: &Value, (namespace, name): (&str, &str), slices: &[&Value]) {
        let object = format!("Service {namespace}/{name}");
        let base = self.name(&[name, namespace, "svc"]);
        let Some(base) = self.understood(&object, base) else { return };
        self.zone.namespaces.insert(namespace.to_ascii_lowercase());
        if text(service, "/spec/type") == "ExternalName" {
            let target = external_name(text(service, "/spec/externalName"));
            if let Some(target) = self.understood(&object, target) {
                self.zone.names.entry(base).or_default().alias = Some(target);
            }
            return;
        }
        let is_headless = text(service, "/spec/clusterIP") == "None";
        if !is_headless {
            let ports: Vec<Port<'_>> = list(service, "/spec/ports").iter().map(Port::read).collect();
            for text in cluster_ips(service) {
                if let Some(address) = self.understood(&object, parse_ip(text).map_err(|error| error.to_string())) {
                    self.offer(&base, &base, address, &ports);
                    self.zone.reverse.entry(address).or_default().insert(base.clone());
                }
            }
        }
        let publishes_all = service.pointer("/spec/publishNotReadyAddresses").and_then(Value::as_bool) == Some(true);
        for slice in slices {
            let object = format!("EndpointSlice {namespace}/{}", text(slice, "/metadata/name"));
            let mut ports: Vec<Port<'_>> = list(slice, "/ports").iter().map(Port::read).collect();
            if ports.is_empty() {
                ports.push(Port { name: "", protocol: "", number: None });
            }
            for endpoint in list(slice, "/endpoints") {
                // Absent means ready (discovery.k8s.io/v1, EndpointConditions).
                let is_ready = endpoint.pointer("/conditions/ready").and_then(Value::as_bool).unwrap_or(true);
                if is_ready || publishes_all {
                    self.endpoint(&object, &base, endpoint, &ports, is_headless);
                }
            }
        }
    }

    fn endpoint(&mut self, object: &str, base: &Name, endpoint: &Value, ports: &[Port<'_>], is_headless: bool) {
        for address in list(endpoint, "/addresses") {
            let address = parse_ip(address.as_str().unwrap_or_default()).map_err(|error| error.to_string());
            let Some(address) = self.understood(object, address) else { continue };
            let hostname = match text(endpoint, "/hostname") {
                "" => dashed(address),
                hostname => hostname.to_owned(),
            };
            let own = label_before(base, &hostname);
            let Some(own) = self.understood(object, own) else { continue };
            self.offer(&own, &own, address, ports);
            if is_headless {
                self.offer(base, &own, address, ports);
            }
            self.zone.reverse.entry(address).or_default().insert(own);
        }
    }

    /// Gives `name`, and its ports' names below it, an address; SRV records point to `target`.
    fn offer(&mut self, name: &Name, target: &Name, address: IpAddr, ports: &[Port<'_>]) {
        for port in ports {
            let node = self.zone.names.entry(name.clone()).or_default();
            node.insert(address);
            let Some(number) = port.number else { continue };
            node.ports.insert((number, target.clone()));
            // An endpoint's name has no ports below it: CoreDNS reads at most two labels before the Service.
            let is_endpoint = name == target && name.iter().count() == self.endpoint_labels();
            if port.name.is_empty() || is_endpoint {
                continue;
            }
            let below = name
                .prepend_label(format!("_{}", port.protocol.to_ascii_lowercase()).as_str())
                .and_then(|name| name.prepend_label(format!("_{}", port.name).as_str()));
            match below {
                Ok(below) => {
                    let node: &mut Node = self.zone.names.entry(below).or_default();
                    node.insert(address);
                    node.ports.insert((number, target.clone()));
                }
                Err(error) => {
                    self.left_out
                        .push(LeftOut { object: name.to_ascii(), why: format!("port {}: {error}", port.name) });
                }
            }
        }
    }

    /// The number of labels of `hostname.service.namespace.svc.<domain>`.
    fn endpoint_labels(&self) -> usize {
        self.zone.domain.iter().count() + 4
    }

    fn name(&self, labels: &[&str]) -> Result<Name, String> {
        labels
            .iter()
            .rev()
            .try_fold(self.zone.domain.clone(), |name, label| name.prepend_label(*label))
            .map_err(|error| error.to_string())
    }

    fn understood<T>(&mut self, object: &str, read: Result<T, String>) -> Option<T> {
        read.map_err(|why| self.left_out.push(LeftOut { object: object.to_owned(), why })).ok()
    }
}

impl<'a> Port<'a> {
    fn read(port: &'a Value) -> Self {
        let protocol = match text(port, "/protocol") {
            "" => "TCP",
            protocol => protocol,
        };
        let number = port.get("port").and_then(Value::as_u64).and_then(|number| u16::try_from(number).ok());
        Self { name: text(port, "/name"), protocol, number }
    }
}

/// Spells an address as the name of an endpoint without one: `10-244-0-9`, `fd00-10-244--9`.
///
/// A name must not end with a dash, so `fd00::` is `fd00--0` (coredns/coredns, plugin/kubernetes, endpointHostname).
fn dashed(address: IpAddr) -> String {
    let mut name = address.to_string().replace(['.', ':'], "-");
    if name.ends_with('-') {
        name.push('0');
    }
    name
}

/// Puts one label before a name. A dot would make it another name, or one that nobody can ask for.
fn label_before(base: &Name, label: &str) -> Result<Name, String> {
    if label.contains('.') {
        return Err(format!("hostname {label} is more than one label"));
    }
    base.prepend_label(label).map_err(|error| format!("hostname {label}: {error}"))
}

fn external_name(text: &str) -> Result<Name, String> {
    if parse_ip(text).is_ok() {
        return Err(format!("externalName {text} is an address, and a CNAME record holds a name"));
    }
    match Name::from_ascii(text) {
        Ok(name) if name.num_labels() == 0 => Err("externalName is empty".to_owned()),
        Ok(mut name) => {
            name.set_fqdn(true);
            Ok(name)
        }
        Err(error) => Err(format!("externalName {text}: {error}")),
    }
}

fn cluster_ips(service: &Value) -> Vec<&str> {
    let all: Vec<&str> = list(service, "/spec/clusterIPs").iter().filter_map(Value::as_str).collect();
    if !all.is_empty() {
        return all;
    }
    Some(text(service, "/spec/clusterIP")).filter(|address| !address.is_empty()).into_iter().collect()
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
