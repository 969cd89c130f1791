//! A question to a zone.

use std::collections::BTreeSet;
use std::net::IpAddr;

use dualproof_model::family::parse_ip;
use hickory_proto::rr::rdata::{A, AAAA, CNAME, NS, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::zone::{Node, Zone};

/// The version of the schema that is served (kubernetes/dns, docs/specification.md, 2.2).
const SCHEMA: &str = "1.1.0";
/// How many aliases are followed inside the cluster.
const MOST_ALIASES: usize = 8;

/// What a zone knows about a question.
pub(super) enum Found {
    /// The name is not below the cluster's domain.
    Outside,
    /// There is no such name. `apex` is the zone that says so.
    NoSuchName { apex: Name },
    /// The name is there; `answers` is empty where it has no record of the type.
    Records { apex: Name, answers: Vec<Record>, additionals: Vec<Record> },
}

impl Zone {
    /// Looks up a name. Owners of records are spelled as the name was asked.
    pub(super) fn find(&self, asked: &Name, kind: RecordType) -> Found {
        if let Some(apex) = reverse_apex(asked) {
            return self.find_reverse(apex, asked, kind);
        }
        if !self.domain.zone_of(asked) {
            return Found::Outside;
        }
        let Some(node) = self.node(asked) else { return Found::NoSuchName { apex: self.domain.clone() } };
        let mut answers = Vec::new();
        let mut additionals = Vec::new();
        match node {
            Known::Apex if kind == RecordType::SOA => answers.push(self.soa(&self.domain)),
            Known::Apex if kind == RecordType::NS => answers.push(self.record(asked, RData::NS(NS(self.server())))),
            Known::Schema if kind == RecordType::TXT => {
                answers.push(self.record(asked, RData::TXT(TXT::new(vec![SCHEMA.to_owned()]))));
            }
            Known::Pod(address) => answers.extend(self.address(asked, address, kind)),
            Known::Node(node) => self.records(asked, node, kind, &mut answers, &mut additionals),
            Known::Apex | Known::Schema | Known::Empty => {}
        }
        Found::Records { apex: self.domain.clone(), answers, additionals }
    }

    /// Makes the SOA record of a zone.
    pub(super) fn soa(&self, apex: &Name) -> Record {
        let mailbox = self.domain.prepend_label("hostmaster").unwrap_or_else(|_| self.domain.clone());
        let soa = SOA::new(self.server(), mailbox, self.serial, 7200, 1800, 86400, self.ttl);
        self.record(apex, RData::SOA(soa))
    }

    /// The name of the server itself, as CoreDNS gives it: `ns.dns.<domain>`.
    fn server(&self) -> Name {
        let name = self.domain.prepend_label("dns").and_then(|name| name.prepend_label("ns"));
        name.unwrap_or_else(|_| self.domain.clone())
    }

    fn record(&self, owner: &Name, data: RData) -> Record {
        Record::from_rdata(owner.clone(), self.ttl, data)
    }

    fn node(&self, asked: &Name) -> Option<Known<'_>> {
        if let Some(node) = self.names.get(asked) {
            return Some(Known::Node(node));
        }
        // Not `num_labels`, which leaves out an asterisk.
        let above = asked.iter().count() - self.domain.iter().count();
        let labels: Vec<String> =
            asked.iter().take(above).map(|label| String::from_utf8_lossy(label).to_ascii_lowercase()).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        match labels.as_slice() {
            [] => Some(Known::Apex),
            ["dns-version"] => Some(Known::Schema),
            ["svc" | "pod"] => Some(Known::Empty),
            [namespace, "svc" | "pod"] if self.namespaces.contains(*namespace) => Some(Known::Empty),
            [pod, namespace, "pod"] if self.namespaces.contains(*namespace) => undashed(pod).map(Known::Pod),
            _ => None,
        }
    }

    fn records(
        &self,
        asked: &Name,
        node: &Node,
        kind: RecordType,
        answers: &mut Vec<Record>,
        additionals: &mut Vec<Record>,
    ) {
        if let Some(alias) = &node.alias {
            answers.push(self.record(asked, RData::CNAME(CNAME(alias.clone()))));
            if kind != RecordType::CNAME {
                self.follow(alias, kind, answers);
            }
            return;
        }
        if kind != RecordType::SRV {
            answers.extend(self.addresses_of(asked, node, kind));
            return;
        }
        let weight = (100 / u16::try_from(node.ports.len()).unwrap_or(u16::MAX).max(1)).max(1);
        for (port, target) in &node.ports {
            answers.push(self.record(asked, RData::SRV(SRV::new(0, weight, *port, target.clone()))));
        }
        let targets: BTreeSet<&Name> = node.ports.iter().map(|(_, target)| target).collect();
        for target in targets {
            let Some(node) = self.names.get(target) else { continue };
            additionals.extend(self.addresses_of(target, node, RecordType::A));
            additionals.extend(self.addresses_of(target, node, RecordType::AAAA));
        }
    }

    /// Adds what an alias inside the cluster leads to. One that leads outside ends there: nothing is forwarded.
    fn follow(&self, alias: &Name, kind: RecordType, answers: &mut Vec<Record>) {
        let mut name = alias;
        for _ in 0..MOST_ALIASES {
            let Some(node) = self.names.get(name) else { return };
            let Some(next) = &node.alias else {
                answers.extend(self.addresses_of(name, node, kind));
                return;
            };
            answers.push(self.record(name, RData::CNAME(CNAME(next.clone()))));
            name = next;
        }
    }

    fn addresses_of(&self, owner: &Name, node: &Node, kind: RecordType) -> Vec<Record> {
        match kind {
            RecordType::A => node.v4.iter().map(|address| self.record(owner, RData::A(A(*address)))).collect(),
            RecordType::AAAA => node.v6.iter().map(|address| self.record(owner, RData::AAAA(AAAA(*address)))).collect(),
            _ => Vec::new(),
        }
    }

    fn address(&self, owner: &Name, address: IpAddr, kind: RecordType) -> Option<Record> {
        match (address, kind) {
            (IpAddr::V4(address), RecordType::A) => Some(self.record(owner, RData::A(A(address)))),
            (IpAddr::V6(address), RecordType::AAAA) => Some(self.record(owner, RData::AAAA(AAAA(address)))),
            _ => None,
        }
    }

    fn find_reverse(&self, apex: Name, asked: &Name, kind: RecordType) -> Found {
        if *asked == apex {
            let answers = if kind == RecordType::SOA { vec![self.soa(&apex)] } else { Vec::new() };
            return Found::Records { apex, answers, additionals: Vec::new() };
        }
        let whole = asked.parse_arpa_name().ok().filter(|net| net.prefix_len() == net.max_prefix_len());
        let Some(names) = whole.and_then(|net| self.reverse.get(&net.addr())) else {
            return Found::NoSuchName { apex };
        };
        let mut answers = Vec::new();
        if kind == RecordType::PTR {
            answers.extend(names.iter().map(|name| self.record(asked, RData::PTR(PTR(name.clone())))));
        }
        Found::Records { apex, answers, additionals: Vec::new() }
    }
}

/// What a name below the domain is.
enum Known<'a> {
    /// The domain itself.
    Apex,
    /// The TXT record of the schema's version.
    Schema,
    /// A name that is there only because others are below it.
    Empty,
    /// The deprecated name of a pod, which is its address (specification 1.1.0, 2.6).
    Pod(IpAddr),
    Node(&'a Node),
}

fn reverse_apex(asked: &Name) -> Option<Name> {
    let labels: Vec<&[u8]> = asked.iter().rev().take(2).collect();
    let [arpa, family] = labels.as_slice() else { return None };
    let family = ["in-addr", "ip6"].into_iter().find(|known| family.eq_ignore_ascii_case(known.as_bytes()))?;
    if !arpa.eq_ignore_ascii_case(b"arpa") {
        return None;
    }
    let mut apex = Name::from_labels([family.as_bytes(), b"arpa".as_slice()]).ok()?;
    apex.set_fqdn(true);
    Some(apex)
}

fn undashed(label: &str) -> Option<IpAddr> {
    let is_v4 = label.matches('-').count() == 3 && !label.contains("--");
    parse_ip(&label.replace('-', if is_v4 { "." } else { ":" })).ok()
}
