//! The cluster's DNS against the schema of kubernetes/dns and what CoreDNS answers, and over real sockets.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::str::FromStr;
use std::sync::Arc;

use dualproof_embedded::dns::{
    Built, Effect, Fault, Name, Objects, RecordType, Server, Transport, Zone, answer, serve,
};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, RData, Record};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

type Tried<T> = Result<T, Box<dyn std::error::Error>>;
type Checked = Tried<()>;

fn service(namespace: &str, name: &str, spec: Value) -> Value {
    json!({"metadata": {"namespace": namespace, "name": name}, "spec": spec})
}

fn slice(namespace: &str, service: &str, kind: &str, ports: Value, endpoints: Value) -> Value {
    json!({
        "metadata": {"namespace": namespace, "name": format!("{service}-{kind}"), "labels": {"kubernetes.io/service-name": service}},
        "addressType": kind, "ports": ports, "endpoints": endpoints,
    })
}

fn built(services: &[Value], endpoint_slices: &[Value]) -> Tried<Built> {
    let namespaces = [json!({"metadata": {"name": "empty"}})];
    Ok(Objects { namespaces: &namespaces, services, endpoint_slices }.build("cluster.local", 30, 7)?)
}

/// Services of each kind.
fn zone() -> Tried<Zone> {
    let ports =
        json!([{"name": "https", "port": 443, "protocol": "TCP"}, {"port": 53, "protocol": "UDP", "name": "dns"}]);
    let services = [
        service(
            "default",
            "kubernetes",
            json!({"clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": ports}),
        ),
        service(
            "a",
            "dual",
            json!({"clusterIP": "fd00:10:96::5", "clusterIPs": ["fd00:10:96::5", "10.96.0.5"], "ports": ports}),
        ),
        service("a", "six", json!({"clusterIPs": ["fd00:10:96::6"], "ports": [{"port": 80}]})),
        service("a", "pets", json!({"clusterIP": "None", "clusterIPs": ["None"], "ports": ports})),
        service("a", "pending", json!({"clusterIP": "None", "ports": ports})),
        service("a", "early", json!({"clusterIP": "None", "publishNotReadyAddresses": true, "ports": ports})),
        service("a", "portless", json!({"clusterIP": "None"})),
        service("a", "out", json!({"type": "ExternalName", "externalName": "www.example.com"})),
        service("a", "in", json!({"type": "ExternalName", "externalName": "dual.a.svc.cluster.local"})),
        service("a", "loop", json!({"type": "ExternalName", "externalName": "loop.a.svc.cluster.local"})),
    ];
    let unready = json!([{"addresses": ["10.244.0.30"], "conditions": {"ready": false}}]);
    let slices = [
        slice(
            "a",
            "pets",
            "IPv4",
            json!([{"name": "https", "port": 8443, "protocol": "TCP"}]),
            json!([
                {"addresses": ["10.244.0.20"], "conditions": {"ready": true}, "hostname": "cat"},
                {"addresses": ["10.244.0.21"], "conditions": {}},
                {"addresses": ["10.244.0.22"], "conditions": {"ready": false}},
            ]),
        ),
        slice(
            "a",
            "pets",
            "IPv6",
            json!([{"name": "https", "port": 8443, "protocol": "TCP"}]),
            json!([
                {"addresses": ["fd00:10:244::20"], "conditions": {"ready": true}, "hostname": "cat"},
                {"addresses": ["fd00:10:244:1::"], "conditions": {"ready": true}},
            ]),
        ),
        slice("a", "pending", "IPv4", json!([{"name": "https", "port": 8443}]), unready.clone()),
        slice("a", "early", "IPv4", json!([{"name": "https", "port": 8443}]), unready),
        slice("a", "portless", "IPv6", json!([]), json!([{"addresses": ["fd00:10:244::40"]}])),
        slice("a", "dual", "IPv4", json!([{"name": "https", "port": 8443}]), json!([{"addresses": ["10.244.0.50"]}])),
    ];
    let built = built(&services, &slices)?;
    assert_eq!(built.left_out, []);
    Ok(built.zone)
}

fn question(name: &str, kind: RecordType) -> Tried<Message> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name)?, kind));
    Ok(message)
}

fn ask(zone: &Zone, name: &str, kind: RecordType) -> Tried<Message> {
    let question = question(name, kind)?;
    let bytes = answer(zone, &question.to_vec()?, Transport::Tcp).ok_or("no reply")?;
    let reply = Message::from_vec(&bytes)?;
    assert_eq!((reply.metadata.id, &reply.queries), (question.metadata.id, &question.queries));
    assert_eq!(reply.metadata.message_type, MessageType::Response);
    Ok(reply)
}

/// The answers, spelled: addresses, `port target`, names.
fn spelled(records: &[Record]) -> Vec<String> {
    let spell = |record: &Record| match &record.data {
        RData::A(address) => address.to_string(),
        RData::AAAA(address) => address.to_string(),
        RData::SRV(srv) => format!("{} {}", srv.port, srv.target),
        RData::PTR(name) => name.to_string(),
        RData::CNAME(name) => format!("= {name}"),
        other => other.to_string(),
    };
    let mut all: Vec<String> = records.iter().map(spell).collect();
    all.sort();
    all
}

const A: RecordType = RecordType::A;
const AAAA: RecordType = RecordType::AAAA;
const SRV: RecordType = RecordType::SRV;
const PTR: RecordType = RecordType::PTR;

#[test]
fn each_kind_of_name_has_its_records() -> Checked {
    let zone = zone()?;
    let cases: &[(&str, RecordType, &[&str])] = &[
        ("kubernetes.default.svc.cluster.local.", A, &["10.96.0.1"]),
        ("dual.a.svc.cluster.local.", A, &["10.96.0.5"]),
        ("dual.a.svc.cluster.local.", AAAA, &["fd00:10:96::5"]),
        ("DUAL.a.SVC.Cluster.Local.", AAAA, &["fd00:10:96::5"]),
        ("six.a.svc.cluster.local.", AAAA, &["fd00:10:96::6"]),
        ("pets.a.svc.cluster.local.", A, &["10.244.0.20", "10.244.0.21"]),
        ("pets.a.svc.cluster.local.", AAAA, &["fd00:10:244:1::", "fd00:10:244::20"]),
        ("cat.pets.a.svc.cluster.local.", A, &["10.244.0.20"]),
        ("cat.pets.a.svc.cluster.local.", AAAA, &["fd00:10:244::20"]),
        ("10-244-0-21.pets.a.svc.cluster.local.", A, &["10.244.0.21"]),
        ("fd00-10-244-1--0.pets.a.svc.cluster.local.", AAAA, &["fd00:10:244:1::"]),
        ("10-244-0-50.dual.a.svc.cluster.local.", A, &["10.244.0.50"]),
        ("early.a.svc.cluster.local.", A, &["10.244.0.30"]),
        ("portless.a.svc.cluster.local.", AAAA, &["fd00:10:244::40"]),
        ("_https._tcp.kubernetes.default.svc.cluster.local.", SRV, &["443 kubernetes.default.svc.cluster.local."]),
        ("_dns._udp.dual.a.svc.cluster.local.", SRV, &["53 dual.a.svc.cluster.local."]),
        (
            "_https._tcp.pets.a.svc.cluster.local.",
            SRV,
            &[
                "8443 10-244-0-21.pets.a.svc.cluster.local.",
                "8443 cat.pets.a.svc.cluster.local.",
                "8443 fd00-10-244-1--0.pets.a.svc.cluster.local.",
            ],
        ),
        ("1.0.96.10.in-addr.arpa.", PTR, &["kubernetes.default.svc.cluster.local."]),
        ("20.0.244.10.in-addr.arpa.", PTR, &["cat.pets.a.svc.cluster.local."]),
        ("21.0.244.10.IN-ADDR.ARPA.", PTR, &["10-244-0-21.pets.a.svc.cluster.local."]),
        (
            "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa.",
            PTR,
            &["dual.a.svc.cluster.local."],
        ),
        ("10-9-8-7.a.pod.cluster.local.", A, &["10.9.8.7"]),
        ("fd00-10-244--9.a.pod.cluster.local.", AAAA, &["fd00:10:244::9"]),
        ("out.a.svc.cluster.local.", A, &["= www.example.com."]),
        ("in.a.svc.cluster.local.", AAAA, &["= dual.a.svc.cluster.local.", "fd00:10:96::5"]),
        ("dns-version.cluster.local.", RecordType::TXT, &["1.1.0"]),
    ];
    for (name, kind, expected) in cases {
        let reply = ask(&zone, name, *kind)?;
        assert_eq!(reply.metadata.response_code, ResponseCode::NoError, "{name} {kind}");
        assert!(reply.metadata.authoritative && reply.metadata.recursion_desired, "{name} {kind}");
        assert_eq!(spelled(&reply.answers), *expected, "{name} {kind}");
        assert!(reply.answers.iter().all(|record| record.ttl == 30), "{name} {kind}");
        assert!(reply.authorities.is_empty(), "{name} {kind}");
    }
    // A loop of aliases ends.
    assert!(!ask(&zone, "loop.a.svc.cluster.local.", A)?.answers.is_empty());
    Ok(())
}

#[test]
fn an_absent_family_is_not_an_absent_name() -> Checked {
    let zone = zone()?;
    let there = [
        ("kubernetes.default.svc.cluster.local.", AAAA),
        ("six.a.svc.cluster.local.", A),
        ("portless.a.svc.cluster.local.", A),
        ("portless.a.svc.cluster.local.", SRV),
        ("10-244-0-21.pets.a.svc.cluster.local.", AAAA),
        ("10-9-8-7.a.pod.cluster.local.", AAAA),
        ("dual.a.svc.cluster.local.", RecordType::MX),
        ("a.svc.cluster.local.", A),
        ("empty.svc.cluster.local.", A),
        ("svc.cluster.local.", A),
        ("cluster.local.", A),
        ("1.0.96.10.in-addr.arpa.", A),
    ];
    let absent = [
        ("missing.a.svc.cluster.local.", A),
        ("dual.b.svc.cluster.local.", A),
        ("b.svc.cluster.local.", A),
        ("*.cluster.local.", A),
        ("*.svc.cluster.local.", A),
        ("dual.a.cluster.local.", A),
        ("dual.a.svc.cluster.local.sleep.svc.cluster.local.", AAAA),
        ("_http._tcp.dual.a.svc.cluster.local.", SRV),
        ("_https._udp.kubernetes.default.svc.cluster.local.", SRV),
        ("_https._tcp.cat.pets.a.svc.cluster.local.", SRV),
        ("dog.pets.a.svc.cluster.local.", A),
        ("10-244-0-22.pets.a.svc.cluster.local.", A),
        // Specification 1.1.0, 2.4.1.
        ("pending.a.svc.cluster.local.", A),
        ("10-9-8.a.pod.cluster.local.", A),
        ("10-9-8-7.missing.pod.cluster.local.", A),
        ("22.0.244.10.in-addr.arpa.", PTR),
        ("0.96.10.in-addr.arpa.", PTR),
        ("x.in-addr.arpa.", PTR),
    ];
    let code = |expected: ResponseCode, cases: &[(&str, RecordType)]| -> Checked {
        for (name, kind) in cases {
            let reply = ask(&zone, name, *kind)?;
            assert_eq!(reply.metadata.response_code, expected, "{name} {kind}");
            assert!(reply.answers.is_empty() && reply.metadata.authoritative, "{name} {kind}");
            let [soa] = reply.authorities.as_slice() else { return Err(format!("{name} {kind} has no SOA").into()) };
            assert!(soa.name.zone_of(&Name::from_ascii(name)?), "{name} {kind}: {}", soa.name);
            let RData::SOA(soa) = &soa.data else { return Err(format!("{name} {kind} has no SOA").into()) };
            assert_eq!((soa.serial, soa.minimum), (7, 30), "{name} {kind}");
        }
        Ok(())
    };
    code(ResponseCode::NoError, &there)?;
    code(ResponseCode::NXDomain, &absent)
}

#[test]
fn service_records_bring_the_addresses_of_their_targets() -> Checked {
    let zone = zone()?;
    let reply = ask(&zone, "_https._tcp.pets.a.svc.cluster.local.", SRV)?;
    let expected = ["10.244.0.20", "10.244.0.21", "fd00:10:244:1::", "fd00:10:244::20"];
    assert_eq!(spelled(&reply.additionals), expected);
    let reply = ask(&zone, "_dns._udp.dual.a.svc.cluster.local.", SRV)?;
    assert_eq!(spelled(&reply.additionals), ["10.96.0.5", "fd00:10:96::5"]);
    Ok(())
}

#[test]
fn what_is_not_ours_is_refused_at_once() -> Checked {
    let zone = zone()?;
    for name in ["www.example.com.", "local.", ".", "mycluster.local.", "cluster.local.example.com."] {
        let reply = ask(&zone, name, A)?;
        assert_eq!(reply.metadata.response_code, ResponseCode::Refused, "{name}");
        assert!(!reply.metadata.authoritative && reply.answers.is_empty(), "{name}");
    }
    let mut chaos = question("dual.a.svc.cluster.local.", A)?;
    chaos.queries[0].set_query_class(DNSClass::CH);
    let mut update = question("dual.a.svc.cluster.local.", A)?;
    update.metadata.op_code = OpCode::Notify;
    let mut two = question("dual.a.svc.cluster.local.", A)?;
    two.add_query(Query::query(Name::from_ascii("six.a.svc.cluster.local.")?, A));
    let mut newer = question("dual.a.svc.cluster.local.", A)?;
    newer.set_edns(Edns::new().set_version(1).clone());
    for (question, expected) in [
        (chaos, ResponseCode::Refused),
        (update, ResponseCode::NotImp),
        (two, ResponseCode::FormErr),
        (newer, ResponseCode::BADVERS),
    ] {
        let reply = Message::from_vec(&answer(&zone, &question.to_vec()?, Transport::Udp).ok_or("no reply")?)?;
        let code = reply.metadata.response_code;
        let high = reply.edns.as_ref().map_or(0, Edns::rcode_high);
        assert_eq!(ResponseCode::from(high, code.low()).low(), expected.low(), "{question}");
        assert_eq!(high, expected.high(), "{question}");
        assert!(reply.answers.is_empty());
    }
    Ok(())
}

#[test]
fn bytes_that_are_no_question_get_formerr_or_nothing() -> Checked {
    let zone = zone()?;
    let whole = question("dual.a.svc.cluster.local.", A)?.to_vec()?;
    for length in 0..whole.len() {
        let reply = answer(&zone, &whole[..length], Transport::Udp);
        if length < 12 {
            assert_eq!(reply, None, "{length} bytes");
            continue;
        }
        let reply = Message::from_vec(&reply.ok_or("no reply")?)?;
        assert_eq!(reply.metadata.response_code, ResponseCode::FormErr, "{length} bytes");
        assert_eq!(reply.metadata.id.to_be_bytes(), whole[..2], "{length} bytes");
    }
    let reply = answer(&zone, &whole, Transport::Udp).ok_or("no reply")?;
    assert_eq!(answer(&zone, &reply, Transport::Udp), None, "an answer is not answered");
    Ok(())
}

/// A headless Service with so many pods that no datagram holds them.
fn crowd(pods: u16) -> Tried<Zone> {
    let endpoints: Vec<Value> = (0..pods).map(|pod| json!({"addresses": [format!("fd00:10:244::{pod:x}")]})).collect();
    let services = [service("a", "crowd", json!({"clusterIP": "None"}))];
    let slices = [slice("a", "crowd", "IPv6", json!([{"name": "tcp", "port": 9000}]), Value::Array(endpoints))];
    Ok(built(&services, &slices)?.zone)
}

#[test]
fn datagrams_are_cut_and_connections_are_not() -> Checked {
    let zone = crowd(1000)?;
    let mut question = question("crowd.a.svc.cluster.local.", AAAA)?;
    let ask = |question: &Message, transport| -> Tried<(usize, Message)> {
        let bytes = answer(&zone, &question.to_vec()?, transport).ok_or("no reply")?;
        Ok((bytes.len(), Message::from_vec(&bytes)?))
    };
    let (plain, reply) = ask(&question, Transport::Udp)?;
    assert!(plain <= 512 && reply.metadata.truncation && reply.edns.is_none(), "{plain} bytes");
    let at_512 = reply.answers.len();
    assert!(at_512 > 10, "as many as fit, not {at_512}");
    for (offered, most) in [(100, 512), (900, 900), (4096, 1232)] {
        question.set_edns(Edns::new().set_max_payload(offered).clone());
        let (length, reply) = ask(&question, Transport::Udp)?;
        // Another record of 28 bytes would not have fitted.
        assert!(length <= most && length + 28 > most, "{offered} offered: {length} bytes");
        assert!(reply.metadata.truncation && reply.edns.is_some(), "{offered} offered");
    }
    let (_, reply) = ask(&question, Transport::Tcp)?;
    assert!(!reply.metadata.truncation);
    assert_eq!(reply.answers.len(), 1000);
    Ok(())
}

#[test]
fn faults_meet_what_they_name_and_nothing_else() -> Checked {
    let fault = |effect, record, under: &str| -> Tried<Fault> {
        Ok(Fault { effect, record, under: Some(Name::from_ascii(under)?) })
    };
    let zone = zone()?.with_faults(vec![
        fault(Effect::Drop, Some(AAAA), "dual.a.svc.cluster.local.")?,
        fault(Effect::NoData, Some(A), "pets.a.svc.cluster.local.")?,
        fault(Effect::NoSuchName, None, "six.a.svc.cluster.local.")?,
        fault(Effect::ServerFailure, None, "default.svc.cluster.local.")?,
    ]);
    let asked = question("Dual.a.svc.cluster.local.", AAAA)?.to_vec()?;
    assert_eq!(answer(&zone, &asked, Transport::Udp), None);
    for (name, kind, code, answers) in [
        ("dual.a.svc.cluster.local.", A, ResponseCode::NoError, 1),
        ("pets.a.svc.cluster.local.", A, ResponseCode::NoError, 0),
        ("cat.pets.a.svc.cluster.local.", A, ResponseCode::NoError, 0),
        ("pets.a.svc.cluster.local.", AAAA, ResponseCode::NoError, 2),
        ("six.a.svc.cluster.local.", AAAA, ResponseCode::NXDomain, 0),
        ("kubernetes.default.svc.cluster.local.", A, ResponseCode::ServFail, 0),
        ("missing.default.svc.cluster.local.", A, ResponseCode::ServFail, 0),
        ("missing.a.svc.cluster.local.", A, ResponseCode::NXDomain, 0),
    ] {
        let reply = ask(&zone, name, kind)?;
        assert_eq!((reply.metadata.response_code, reply.answers.len()), (code, answers), "{name} {kind}");
    }
    let everything =
        self::zone()?.with_faults(vec![Fault { effect: Effect::ServerFailure, record: None, under: None }]);
    assert_eq!(ask(&everything, "missing.", A)?.metadata.response_code, ResponseCode::ServFail);
    Ok(())
}

#[test]
fn an_object_that_makes_no_sense_takes_no_other_with_it() -> Checked {
    let services = [
        service("a", "odd", json!({"clusterIPs": ["10.96.0.999", "fd00::7"], "ports": [{"port": 1}]})),
        service("a", "", json!({"clusterIPs": ["10.96.0.8"], "ports": [{"port": 1}]})),
        service("a", "outside", json!({"type": "ExternalName", "externalName": "192.0.2.1"})),
        service("a", "pets", json!({"clusterIP": "None"})),
    ];
    let slices = [
        slice("a", "pets", "FQDN", json!([]), json!([{"addresses": ["pets.example.com"]}])),
        slice(
            "a",
            "pets",
            "IPv4",
            json!([]),
            json!([{"addresses": ["10.244.0.2"], "hostname": "no.label"}, {"addresses": ["10.244.0.3"]}]),
        ),
    ];
    let built = built(&services, &slices)?;
    assert_eq!(spelled(&ask(&built.zone, "odd.a.svc.cluster.local.", AAAA)?.answers), ["fd00::7"]);
    assert_eq!(spelled(&ask(&built.zone, "pets.a.svc.cluster.local.", A)?.answers), ["10.244.0.3"]);
    let objects: Vec<&str> = built.left_out.iter().map(|left| left.object.as_str()).collect();
    let expected =
        ["Service a/odd", "Service a/", "Service a/outside", "EndpointSlice a/pets-FQDN", "EndpointSlice a/pets-IPv4"];
    assert_eq!(objects, expected, "{:?}", built.left_out);
    let none = Objects::<Value> { namespaces: &[], services: &[], endpoint_slices: &[] };
    let error = none.build("cluster..local", 30, 1).err().ok_or("no domain")?;
    assert!(error.to_string().contains("cluster..local") && !error.hint().is_empty(), "{error}");
    Ok(())
}

/// What CoreDNS said in a real cluster, for the Services of that cluster.
#[test]
fn recorded_answers_of_a_real_cluster_are_given_again() -> Checked {
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bundles/istio-1.31-v4-v6");
    let items = |name: &str| -> Tried<Vec<Value>> {
        let list: Value = serde_json::from_slice(&std::fs::read(sample.join("objects").join(name))?)?;
        Ok(list["items"].as_array().cloned().ok_or("no items")?)
    };
    let (namespaces, services, slices) =
        (items("namespaces.json")?, items("services.json")?, items("endpointslices.json")?);
    let objects = Objects { namespaces: &namespaces, services: &services, endpoint_slices: &slices };
    let built = objects.build("cluster.local", 30, 1)?;
    assert_eq!(built.left_out, []);
    let mut compared = 0;
    for line in std::fs::read_to_string(sample.join("dns.jsonl"))?.lines() {
        let said: Value = serde_json::from_str(line)?;
        let target = (&said["target"]["namespace"], &said["target"]["name"]);
        let is_recorded =
            services.iter().any(|known| (&known["metadata"]["namespace"], &known["metadata"]["name"]) == target);
        if !is_recorded {
            continue;
        }
        let kind = if said["family"] == "IPv4" { A } else { AAAA };
        let name = format!("{}.", said["name"].as_str().ok_or("no name")?);
        let mut expected: Vec<&str> =
            said["answers"].as_array().ok_or("no answers")?.iter().filter_map(Value::as_str).collect();
        expected.sort_unstable();
        let reply = ask(&built.zone, &name, kind)?;
        assert_eq!(
            (reply.metadata.response_code, spelled(&reply.answers)),
            (ResponseCode::NoError, expected.iter().map(ToString::to_string).collect()),
            "{name} {kind}"
        );
        compared += 1;
    }
    assert!(compared >= 2, "only {compared} answers are of Services that were recorded");
    Ok(())
}

fn served(zone: Zone, on: IpAddr) -> Tried<(Server, watch::Sender<Arc<Zone>>)> {
    let (sender, receiver) = watch::channel(Arc::new(zone));
    let any = SocketAddr::new(on, 0);
    Ok((serve(receiver, UdpSocket::bind(any)?, TcpListener::bind(any)?)?, sender))
}

async fn over_udp(server: SocketAddr, question: &Message) -> Tried<Message> {
    let socket = tokio::net::UdpSocket::bind(SocketAddr::new(server.ip(), 0)).await?;
    socket.connect(server).await?;
    socket.send(&question.to_vec()?).await?;
    let mut buffer = vec![0; 4096];
    let length = socket.recv(&mut buffer).await?;
    Ok(Message::from_vec(&buffer[..length])?)
}

async fn over_tcp(stream: &mut tokio::net::TcpStream, question: &Message) -> Tried<Message> {
    let bytes = question.to_vec()?;
    stream.write_u16(u16::try_from(bytes.len())?).await?;
    stream.write_all(&bytes).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(Message::from_vec(&answer)?)
}

#[tokio::test]
async fn both_transports_serve_the_newest_zone_on_both_families() -> Checked {
    for address in ["127.0.0.1", "::1"] {
        let (server, zones) = served(crowd(200)?, IpAddr::from_str(address)?)?;
        let question = question("crowd.a.svc.cluster.local.", AAAA)?;
        let cut = over_udp(server.udp(), &question).await?;
        assert!(cut.metadata.truncation);
        let mut stream = tokio::net::TcpStream::connect(server.tcp()).await?;
        assert_eq!(over_tcp(&mut stream, &question).await?.answers.len(), 200);
        zones.send(Arc::new(crowd(3)?))?;
        assert_eq!(over_tcp(&mut stream, &question).await?.answers.len(), 3, "the same connection");
        assert_eq!(over_udp(server.udp(), &question).await?.answers.len(), 3);
        // A question that is dropped leaves the connection for the next one.
        let drops = Fault { effect: Effect::Drop, record: Some(A), under: None };
        zones.send(Arc::new(crowd(3)?.with_faults(vec![drops])))?;
        let dropped = self::question("crowd.a.svc.cluster.local.", A)?.to_vec()?;
        stream.write_u16(u16::try_from(dropped.len())?).await?;
        stream.write_all(&dropped).await?;
        assert_eq!(over_tcp(&mut stream, &question).await?.metadata.id, question.metadata.id);
        let (at, tcp) = (server.udp(), server.tcp());
        drop(server);
        assert_eq!(stream.read(&mut [0; 1]).await?, 0, "connections end with the server");
        // Their addresses are free again.
        let freed = async {
            while tokio::net::TcpStream::connect(tcp).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        freed.await;
        UdpSocket::bind(at)?;
    }
    Ok(())
}
