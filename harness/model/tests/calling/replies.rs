//! Replies: a right one is right, and whatever is wrong with one is said.

use std::collections::BTreeSet;

use dualproof_model::answer::{Departure, End, NotAnAnswer, Weighed, read, weigh};
use dualproof_model::evidence::{Objects, Told};
use dualproof_model::family::IpFamily;
use dualproof_model::matrix::CallCell;
use dualproof_model::truth::{Ending, Expected, expected_call};
use dualproof_wire::{Answer, Bind, Outcome, Protocol, seal, unseal};

use super::trail::{Ports, Trail, said, trail};
use super::world::{ORDERS, PERMISSIVE, RUN, cells, ip, objects, roster};

fn trails(objects: &Objects) -> Vec<Trail> {
    let cells = cells(&roster(Bind::DualAny, Protocol::Tcp, true), objects);
    let numbered = cells.iter().enumerate();
    let numbered = numbered.map(|(number, cell)| (number, cell, Ports::of(u16::try_from(number % 9000).unwrap_or(0))));
    numbered.filter_map(|(number, cell, ports)| trail(cell, &PERMISSIVE, objects, number, ports)).collect()
}

fn weighed(trail: &Trail, text: &str, objects: &Objects) -> Weighed {
    weigh(&trail.replying(text), &trail.cell, &Expected::Answer(trail.answering.clone()), objects, RUN)
}

fn find(trails: &[Trail], id: &str) -> Trail {
    trails.iter().find(|trail| trail.cell.id == id).cloned().unwrap_or_else(|| panic!("no cell {id}"))
}

/// A way to spoil a reply that was right; it gets the reply of another call, too.
type Spoil = fn(&Trail, &Trail) -> String;

fn changed(trail: &Trail, change: fn(&mut Answer)) -> String {
    let mut answer = trail.answer.clone();
    change(&mut answer);
    said(&answer)
}

/// Every way, each of them enough by itself.
const SPOILS: [(&str, Spoil); 19] = [
    ("empty", |_, _| String::new()),
    ("cut", |trail, _| {
        let text = said(&trail.answer);
        text[..text.len() / 2].to_owned()
    }),
    ("without its last byte", |trail, _| {
        let text = said(&trail.answer);
        text[..text.len() - 1].to_owned()
    }),
    ("a stranger's words", |_, _| "hello ipv6".to_owned()),
    ("the echo of the client's word", |trail, _| format!("hello {}", trail.testimony.ask.token)),
    ("twice", |trail, _| format!("{0}\n{0}", said(&trail.answer))),
    ("with a field of another version", |trail, _| {
        let answer = unseal(&said(&trail.answer)).unwrap_or_else(|error| panic!("{error}"));
        seal(&answer.replacen('{', "{\"colour\":\"blue\",", 1))
    }),
    ("of another run", |trail, _| changed(trail, |answer| answer.run = "run-2".to_owned())),
    ("of another call", |_, other| said(&other.answer)),
    ("without a token", |trail, _| changed(trail, |answer| answer.token = None)),
    ("of another pod", |trail, _| changed(trail, |answer| answer.pod = "impostor".to_owned())),
    ("of a pod of the same name elsewhere", |trail, _| {
        changed(trail, |answer| answer.namespace = "elsewhere".to_owned())
    }),
    ("from another node", |trail, _| changed(trail, |answer| answer.node = "node-9".to_owned())),
    ("of a pod of the same name from before", |trail, _| changed(trail, |answer| answer.uid = "uid-0".to_owned())),
    ("of another service account", |trail, _| changed(trail, |answer| answer.service_account = "default".to_owned())),
    ("from another port", |trail, _| changed(trail, |answer| answer.port = 9)),
    ("of a socket bound otherwise", |trail, _| changed(trail, |answer| answer.bind = Bind::V4Any)),
    ("of two families at once", |trail, _| {
        changed(trail, |answer| {
            let other = if answer.local.is_ipv4() { ip("::6") } else { ip("127.0.0.6") };
            answer.peer.set_ip(other);
        })
    }),
    ("with a mapped address", |trail, _| {
        changed(trail, |answer| {
            answer.local.set_ip(match answer.local.ip() {
                std::net::IpAddr::V4(own) => own.to_ipv6_mapped().into(),
                std::net::IpAddr::V6(_) => std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().into(),
            });
        })
    }),
];

#[test]
fn what_the_servers_say_is_right_in_every_cell() {
    for order in ORDERS {
        let objects = objects(order);
        let trails = trails(&objects);
        assert!(trails.len() > 300);
        for trail in &trails {
            let seen = weighed(trail, &said(&trail.answer), &objects);
            assert_eq!(seen, Weighed::Right, "{order} {}", trail.cell.id);
        }
    }
}

#[test]
fn of_ten_thousand_replies_each_spoilt_one_is_caught_and_no_other() {
    let objects = objects(ORDERS[0]);
    let trails = trails(&objects);
    let mut ways = BTreeSet::new();
    for (round, _) in SPOILS.iter().enumerate().step_by(10) {
        let (mut spoilt, mut caught) = (Vec::new(), Vec::new());
        for number in 0..10_000_usize {
            let trail = &trails[number % trails.len()];
            let mut text = said(&trail.answer);
            if number % 1000 == 17 * (round + 1) {
                let (way, spoil) = SPOILS[(round + number / 1000) % SPOILS.len()];
                ways.insert(way);
                text = spoil(trail, &trails[(number + 1) % trails.len()]);
                spoilt.push(number);
            }
            if weighed(trail, &text, &objects) != Weighed::Right {
                caught.push(number);
            }
        }
        assert_eq!((spoilt.len(), caught), (10, spoilt));
    }
    assert_eq!(ways.len(), SPOILS.len(), "a way to spoil a reply was not tried");
}

#[test]
fn every_way_to_spoil_a_reply_is_caught_in_every_cell() {
    let objects = objects(ORDERS[1]);
    let trails = trails(&objects);
    for (number, trail) in trails.iter().enumerate() {
        let other = &trails[(number + 1) % trails.len()];
        for (way, spoil) in SPOILS {
            let seen = weighed(trail, &spoil(trail, other), &objects);
            assert!(matches!(seen, Weighed::Wrong(_)), "{}: {way}: {seen:?}", trail.cell.id);
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    let objects = objects(ORDERS[0]);
    let trails = trails(&objects);
    let meshed = find(&trails, "meshed/meshed.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6");
    let naked = find(&trails, "naked/naked.dual-v6v4/9000-declared-tcp-dual-any/pod-ip-0/v6");
    let departures = |trail: &Trail, change: fn(&mut Answer)| match weighed(trail, &changed(trail, change), &objects) {
        Weighed::Wrong(departures) => departures,
        other => panic!("{other:?}"),
    };
    let words = |trail: &Trail, change| departures(trail, change).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        words(&meshed, |answer| answer.pod = "impostor".to_owned()),
        ["pod meshed/impostor answered, expected meshed/echo-1 or meshed/echo-2"]
    );
    assert_eq!(
        words(&meshed, |answer| answer.token = None),
        [format!("the answer repeats token none, expected `{}`", meshed.testimony.ask.token)]
    );
    // IPv6 that went past the sidecar: the server sees the client itself.
    assert_eq!(
        words(&meshed, |answer| answer.peer.set_ip(ip("10.244.0.10"))),
        [format!("the server's peer is 10.244.0.10:{}, expected 127.0.0.6", meshed.answer.peer.port())]
    );
    // Another family than podIPs[0], consistently.
    assert_eq!(
        departures(&meshed, by_v6),
        [Departure::OtherFamily { end: End::Local, expected: [IpFamily::IPv4].into(), seen: IpFamily::IPv6 }]
    );
    assert_eq!(
        departures(&naked, |answer| answer.peer.set_port(1)),
        [Departure::OtherSocket { expected: naked.answer.peer, seen: (naked.answer.peer.ip(), 1).into() }]
    );
    assert_eq!(
        departures(&naked, |answer| answer.local.set_ip(ip("fd00:10:244::99"))),
        [Departure::NotItsOwn { seen: (ip("fd00:10:244::99"), 9000).into() }]
    );
    let mapped = departures(&meshed, |answer| {
        let std::net::IpAddr::V4(own) = answer.local.ip() else { panic!("not IPv4") };
        answer.local.set_ip(own.to_ipv6_mapped().into());
    });
    assert!(matches!(mapped.as_slice(), [Departure::Mapped { end: End::Local, .. }]), "{mapped:?}");
}

/// The same answer as if it had come over the pod's IPv6 address.
fn by_v6(answer: &mut Answer) {
    let own = if answer.pod == "echo-1" { "fd00:10:244::14" } else { "fd00:10:244::15" };
    answer.local.set_ip(ip(own));
    answer.peer.set_ip(ip("::6"));
}

#[test]
fn another_family_is_right_only_when_the_answer_took_as_long_as_a_second_try_takes() {
    let objects = objects(ORDERS[0]);
    let meshed = find(&trails(&objects), "meshed/meshed.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6");
    for (micros, right) in [(299_999, false), (300_000, true)] {
        let mut testimony = meshed.replying(&changed(&meshed, by_v6));
        if let Told::Report(report) = &mut testimony.told {
            report.attempts.iter_mut().for_each(|attempt| attempt.first_byte_micros = Some(micros));
        }
        let weighed = weigh(&testimony, &meshed.cell, &Expected::Answer(meshed.answering.clone()), &objects, RUN);
        assert_eq!(weighed == Weighed::Right, right, "{micros}: {weighed:?}");
    }
}

#[test]
fn where_two_proxies_race_both_ends_are_right_and_no_third() {
    let objects = objects(ORDERS[0]);
    let cells = cells(&roster(Bind::V6Only, Protocol::Tcp, true), &objects);
    let id = "meshed/meshed.dual-v6v4/9000-declared-tcp-v6-only/cluster-ip/v6";
    let cell = cells.iter().find(|cell| cell.id == id).unwrap_or_else(|| panic!("no {id}"));
    let answered = find(&trails(&objects), "meshed/meshed.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6");
    let weighed = |outcome: Outcome| {
        let mut testimony = answered.testimony.clone();
        if let Told::Report(report) = &mut testimony.told {
            report.outcome = outcome;
        }
        weigh(&testimony, cell, &expected_call(cell, &PERMISSIVE), &objects, RUN)
    };
    let answer = |change: fn(&mut Answer)| {
        let mut answer = answered.answer.clone();
        answer.bind = Bind::V6Only;
        change(&mut answer);
        weighed(Outcome::Replied(said(&answer)))
    };
    assert_eq!(weighed(Outcome::Reset), Weighed::Right);
    assert_eq!(answer(by_v6), Weighed::Right);
    assert!(matches!(answer(|_| ()), Weighed::Wrong(_)), "nobody listens on IPv4");
    assert!(matches!(
        answer(|answer| {
            by_v6(answer);
            answer.pod = "impostor".to_owned();
        }),
        Weighed::Wrong(_)
    ));
    assert!(matches!(weighed(Outcome::Timeout), Weighed::Wrong(_)));
}

#[test]
fn a_server_that_speaks_first_is_read_by_both_its_lines() {
    let objects = objects(ORDERS[0]);
    let cells = cells(&roster(Bind::DualAny, Protocol::TcpServerFirst, true), &objects);
    let trails: Vec<Trail> =
        cells.iter().filter_map(|cell| trail(cell, &PERMISSIVE, &objects, 3, Ports::of(3))).collect();
    let trail = find(&trails, "meshed/meshed.dual-v6v4/9000-declared-tcp-server-first-dual-any/cluster-ip/v6");
    let greeting = Answer { token: None, ..trail.answer.clone() };
    let both = format!("{}\n{}\n", said(&greeting), said(&trail.answer));
    assert_eq!(weighed(&trail, &both, &objects), Weighed::Right);
    let other = Answer { connection: greeting.connection + 1, ..greeting };
    let mixed = format!("{}\n{}", said(&other), said(&trail.answer));
    assert_eq!(weighed(&trail, &mixed, &objects), Weighed::Wrong(vec![Departure::OtherGreeting]));
    let alone = read(&said(&trail.answer), Protocol::TcpServerFirst);
    assert_eq!(alone, Err(NotAnAnswer::Lines { expected: 2, seen: 1 }));
}

/// Every end of a call against every expectation.
#[test]
fn a_failure_is_right_only_as_the_table_says() {
    let objects = objects(ORDERS[0]);
    let all = cells(&roster(Bind::DualAny, Protocol::Tcp, true), &objects);
    let cell = |id: &str| all.iter().find(|cell| cell.id == id).cloned().unwrap_or_else(|| panic!("{id}"));
    let good = trails(&objects);
    let answered = find(&good, "meshed/meshed.dual-v6v4/9000-declared-tcp-dual-any/cluster-ip/v6");
    let ends = |outcome: &Outcome, cell: &CallCell| {
        let mut testimony = answered.testimony.clone();
        if let Told::Report(report) = &mut testimony.told {
            report.outcome = outcome.clone();
        }
        weigh(&testimony, cell, &expected_call(cell, &PERMISSIVE), &objects, RUN)
    };
    let nobody = cell("meshed/meshed.single-v4/9000-declared-tcp-dual-any/name-aaaa/v6");
    assert_eq!(ends(&Outcome::NoData, &nobody), Weighed::Right);
    let words = |weighed: Weighed| match weighed {
        Weighed::Wrong(departures) => departures.iter().map(ToString::to_string).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(words(ends(&Outcome::NxDomain, &nobody)), ["the call ended nxdomain, expected no-data"]);
    let reply = Outcome::Replied(said(&answered.answer));
    assert_eq!(words(ends(&reply, &nobody)), ["the call ended with an answer, expected no-data"]);
    let stranger = Outcome::Replied("upstream connect error".to_owned());
    assert_eq!(words(ends(&stranger, &nobody)), ["the call ended answered by a stranger, expected no-data"]);
    assert_eq!(words(ends(&Outcome::Reset, &answered.cell)), ["the call ended reset, expected an answer"]);
    let absent = cell("meshed/meshed.single-v4/9000-declared-tcp-dual-any/cluster-ip/v6");
    let none = Weighed::NotApplicable("the Service has no clusterIP of IPv6".to_owned());
    assert_eq!(ends(&Outcome::Closed, &absent), none);
    let mut lost = answered.testimony.clone();
    lost.told = Told::Lost("the prober was killed".to_owned());
    let expected = expected_call(&answered.cell, &PERMISSIVE);
    let seen = weigh(&lost, &answered.cell, &expected, &objects, RUN);
    assert_eq!(seen, Weighed::Lost("the prober was killed".to_owned()));
    assert!(matches!(
        weigh(&lost, &absent, &expected_call(&absent, &PERMISSIVE), &objects, RUN),
        Weighed::NotApplicable(_)
    ));
    assert_eq!(
        weigh(&lost, &answered.cell, &Expected::Unstated("nobody knows"), &objects, RUN),
        Weighed::Unstated("nobody knows")
    );
    assert!(expected_call(&nobody, &PERMISSIVE) != expected && Ending::of(&reply).is_none());
}
