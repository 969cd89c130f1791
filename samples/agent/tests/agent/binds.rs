//! Which address reaches which socket, by the operating system's rules, for every protocol.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use dualproof_wire::{Bind, Bound, Outcome, Protocol, Report, Service};

use crate::programs::{Server, Tested, answer, ask, probe, read};

/// How a socket is asked for, what it says it is bound to, and whether 127.0.0.1, 127.0.0.2 and ::1 reach it. A bound IPv6 wildcard
/// takes IPv4 only without IPV6_V6ONLY (RFC 3493, 5.3); `pod-v4` is 127.0.0.2 here and `pod-v6` ::1.
const TRUTH: [(&str, &str, [bool; 3]); 7] = [
    ("0.0.0.0", "\"v4-any\"", [true, true, false]),
    ("[::]", "\"v6-only\"", [false, false, true]),
    ("dual", "\"dual-any\"", [true, true, true]),
    ("127.0.0.1", "{\"address\":\"127.0.0.1\"}", [true, false, false]),
    ("[::1]", "{\"address\":\"::1\"}", [false, false, true]),
    ("pod-v4", "{\"address\":\"127.0.0.2\"}", [false, true, false]),
    ("pod-v6", "{\"address\":\"::1\"}", [false, false, true]),
];

const ADDRESSES: [&str; 3] = ["127.0.0.1", "127.0.0.2", "::1"];

const FLAGS: [(&str, &[Protocol]); 4] = [
    ("--tcp", &[Protocol::Tcp]),
    ("--server-first", &[Protocol::TcpServerFirst]),
    ("--http", &[Protocol::Http1, Protocol::H2c]),
    ("--udp", &[Protocol::Udp]),
];

/// Starts a server with every bind of every flag, each on a port of its own. The ports are below those that the kernel gives away, so
/// that no other socket has one of them for the other family; when one is taken all the same, the next block is tried.
fn start(run: &str) -> Result<Server, Box<dyn std::error::Error>> {
    let count = u32::try_from(FLAGS.len() * TRUTH.len())?;
    let blocks = 22_000 / count;
    for block in std::process::id()..std::process::id() + 20 {
        let mut port = 10_000 + block % blocks * count;
        let mut words = Vec::new();
        for (flag, _) in FLAGS {
            for (bind, ..) in TRUTH {
                words.extend([flag.to_owned(), format!("{bind}:{port}")]);
                port += 1;
            }
        }
        if let Ok(server) = Server::start(run, &words.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Ok(server);
        }
    }
    Err("no block of ports is free".into())
}

/// Tells whether the socket answered; when it did, everything that it says must be right.
fn reached(
    run: &str,
    bound: &Bound,
    destination: SocketAddr,
    protocol: Protocol,
    report: &Report,
) -> Result<bool, String> {
    let Some(answer) = answer(report) else {
        return if report.outcome == Outcome::Refused { Ok(false) } else { Err(format!("{report:?}")) };
    };
    assert_eq!((answer.run.as_str(), answer.bind), (run, bound.bind));
    let attempt = report.attempts.first().ok_or("no attempt")?;
    assert_eq!(answer.local, destination, "{bound:?}");
    assert_eq!(Some(answer.peer), attempt.local, "{bound:?}");
    assert_eq!(answer.peer.is_ipv4(), destination.is_ipv4());
    assert_eq!((answer.port, answer.protocol), (bound.address.port(), protocol));
    assert_eq!(answer.token, Some(format!("t-{}", report.id)));
    assert_eq!(
        (answer.pod.as_str(), answer.uid.as_str(), answer.namespace.as_str()),
        ("echo-0", "uid-0", "dual-stack")
    );
    assert_eq!((answer.node.as_str(), answer.service_account.as_str()), ("node-0", "echo"));
    assert!(answer.connection >= 1 && attempt.connect_micros.is_some() && attempt.first_byte_micros.is_some());
    assert_eq!(attempt.status, matches!(protocol, Protocol::Http1 | Protocol::H2c).then_some(200));
    Ok(true)
}

#[test]
fn every_address_reaches_exactly_the_sockets_that_it_should() -> Tested {
    let run = format!("binds-{}", std::process::id());
    let server = start(&run)?;
    let mut calls = Vec::new();
    let mut asks = Vec::new();
    for (number, bound) in server.bound.iter().enumerate() {
        let (_, protocols) = FLAGS[number / TRUTH.len()];
        let (_, bind, wanted) = TRUTH[number % TRUTH.len()];
        assert_eq!(serde_json::to_string(&bound.bind)?, bind);
        for (address, wanted) in ADDRESSES.iter().zip(wanted) {
            let destination = SocketAddr::new(address.parse::<IpAddr>()?, bound.address.port());
            for protocol in protocols {
                asks.push(ask(&format!("{}", asks.len()), destination, *protocol));
                calls.push((bound, destination, *protocol, wanted));
            }
        }
    }
    assert_eq!(asks.len(), 7 * 3 * 5);
    let reports = probe(&[], &asks)?;
    for ((bound, destination, protocol, wanted), report) in calls.into_iter().zip(&reports) {
        assert_eq!(reached(&run, bound, destination, protocol, report)?, wanted, "{bound:?} {destination} {report:?}");
    }
    Ok(())
}

#[test]
fn a_server_that_speaks_first_greets_without_a_token_and_then_answers() -> Tested {
    let server = Server::start("greet", &["--server-first", "[::1]:0"])?;
    let reports = probe(&[], &[ask("1", server.bound[0].address, Protocol::TcpServerFirst)])?;
    let Outcome::Replied(text) = &reports[0].outcome else { return Err(format!("{reports:?}").into()) };
    let lines: Vec<dualproof_wire::Answer> = text.lines().map(read).collect::<Result<_, _>>()?;
    assert_eq!(lines.iter().map(|line| line.token.as_deref()).collect::<Vec<_>>(), [None, Some("t-1")]);
    assert_eq!(lines[0].connection, lines[1].connection);
    Ok(())
}

#[test]
fn each_socket_counts_its_own_connections_and_datagrams() -> Tested {
    let server = Server::start("count", &["--tcp", "dual:0", "--http", "127.0.0.1:0", "--udp", "dual:0"])?;
    let protocols =
        BTreeMap::from([(Service::Tcp, Protocol::Tcp), (Service::Http, Protocol::H2c), (Service::Udp, Protocol::Udp)]);
    for bound in &server.bound {
        let to = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), bound.address.port());
        let asks: Vec<_> = (0..20).map(|n| ask(&n.to_string(), to, protocols[&bound.service])).collect();
        let mut numbers: Vec<u64> =
            probe(&[], &asks)?.iter().filter_map(answer).map(|answer| answer.connection).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<u64>>(), "{bound:?}");
    }
    assert_eq!(server.bound[0].bind, Bind::DualAny);
    Ok(())
}

#[test]
fn payloads_arrive_whole_over_every_protocol() -> Tested {
    let server = Server::start("size", &["--tcp", "[::1]:0", "--http", "[::1]:0", "--udp", "[::1]:0"])?;
    let to = |n: usize| server.bound[n].address;
    let mut asks = vec![
        ask("1", to(0), Protocol::Tcp),
        ask("2", to(1), Protocol::Http1),
        ask("3", to(1), Protocol::H2c),
        ask("4", to(2), Protocol::Udp),
    ];
    for ask in &mut asks {
        ask.payload = 60_000;
    }
    asks.push(ask("5", to(0), Protocol::Tcp));
    asks[4].payload = 70_000;
    let reports = probe(&[], &asks)?;
    for report in &reports[..4] {
        assert!(answer(report).is_some(), "{report:?}");
    }
    assert!(matches!(reports[4].outcome, Outcome::Closed | Outcome::Reset), "{:?}", reports[4]);
    Ok(())
}
