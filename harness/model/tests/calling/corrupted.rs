//! Replies that were changed on their way: exactly those are wrong, whichever byte it is.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use dualproof_model::answer::{Departure, NotAnAnswer, Weighed, read, weigh};
use dualproof_model::evidence::{Objects, Testimony, Told};
use dualproof_model::truth::Expected;
use dualproof_wire::{Answer, Bind, Protocol, SealError, seal, unseal};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::Index;

use super::trail::{Ports, Trail, said, trail};
use super::world::{ORDERS, PERMISSIVE, RUN, cells, objects, roster};

const CALLS: usize = 10_000;

/// Trails of all cells that are answered, with the objects that they are of.
static LAB: LazyLock<(Objects, Vec<Trail>)> = LazyLock::new(|| of(Protocol::Tcp));

fn of(protocol: Protocol) -> (Objects, Vec<Trail>) {
    let objects = objects(ORDERS[0]);
    let cells = cells(&roster(Bind::DualAny, protocol, true), &objects);
    let numbered = cells.iter().zip(0_u16..);
    let trails =
        numbered.filter_map(|(cell, n)| trail(cell, &PERMISSIVE, &objects, usize::from(n), Ports::of(n % 9000)));
    let trails = trails.collect();
    (objects, trails)
}

fn weighed(trail: &Trail, testimony: &Testimony, objects: &Objects) -> Weighed {
    weigh(testimony, &trail.cell, &Expected::Answer(trail.answering.clone()), objects, RUN)
}

/// What may happen to a reply on its way, or instead of it.
#[derive(Clone, Debug)]
enum Way {
    /// One byte is another one.
    Byte { at: Index, change: u8 },
    /// The end is lost.
    Cut { at: Index },
    /// A byte too many.
    More { at: Index, byte: u8 },
    /// Another call's reply came.
    Swapped { with: Index },
    /// A server of another run answered.
    OtherRun,
    /// JSON of another shape, be it sealed.
    OtherShape { text: &'static str, sealed: bool },
}

fn way() -> impl Strategy<Value = Way> {
    let shapes = prop::sample::select(vec!["{}", "[]", "null", "{\"run\":\"run-1\"}", "{\"hello\":\"ipv6\"}"]);
    prop_oneof![
        6 => (any::<Index>(), 1..=u8::MAX).prop_map(|(at, change)| Way::Byte { at, change }),
        2 => any::<Index>().prop_map(|at| Way::Cut { at }),
        2 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Way::More { at, byte }),
        2 => any::<Index>().prop_map(|with| Way::Swapped { with }),
        1 => Just(Way::OtherRun),
        1 => (shapes, any::<bool>()).prop_map(|(text, sealed)| Way::OtherShape { text, sealed }),
    ]
}

impl Way {
    /// Makes the text that the prober hears: bytes that are no text are replaced.
    fn spoil(&self, number: usize, trails: &[Trail]) -> String {
        let answer = &trails[number].answer;
        let mut bytes = said(answer).into_bytes();
        match self {
            Self::Byte { at, change } => bytes[at.index(said(answer).len())] ^= change,
            Self::Cut { at } => bytes.truncate(at.index(said(answer).len())),
            Self::More { at, byte } => bytes.insert(at.index(said(answer).len()), *byte),
            Self::Swapped { with } => {
                let other = (number + 1 + with.index(trails.len() - 1)) % trails.len();
                bytes = said(&trails[other].answer).into_bytes();
            }
            Self::OtherRun => bytes = said(&Answer { run: "run-2".to_owned(), ..answer.clone() }).into_bytes(),
            Self::OtherShape { text, sealed: true } => bytes = seal(text).into_bytes(),
            Self::OtherShape { text, .. } => bytes = text.as_bytes().to_vec(),
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(6) })]

    #[test]
    fn of_ten_thousand_replies_exactly_the_corrupted_ones_are_wrong(
        spoilt in btree_set(0..CALLS, CALLS / 1000),
        ways in vec(way(), CALLS / 1000),
    ) {
        let (objects, trails) = &*LAB;
        let ways: std::collections::BTreeMap<usize, &Way> = spoilt.iter().copied().zip(&ways).collect();
        let wrong: BTreeSet<usize> = (0..CALLS)
            .filter(|number| {
                let place = number % trails.len();
                let text = ways.get(number).map_or_else(|| said(&trails[place].answer), |way| way.spoil(place, trails));
                weighed(&trails[place], &trails[place].replying(&text), objects) != Weighed::Right
            })
            .collect();
        prop_assert_eq!(wrong, spoilt);
    }
}

#[test]
fn no_byte_of_a_reply_can_be_another_one() {
    for protocol in [Protocol::Tcp, Protocol::TcpServerFirst] {
        let (objects, trails) = of(protocol);
        // Where a node translated the peer, and where a sidecar did, nobody else knows its port.
        for id in ["meshed/meshed.dual-v6v4/9000", "outside/naked.dual-v6v4/9000", "naked/naked.headless-dual/9000"] {
            let found = trails.iter().find(|trail| trail.cell.id.starts_with(id));
            let trail = found.unwrap_or_else(|| panic!("no {id}"));
            let greeting = said(&Answer { token: None, ..trail.answer.clone() }) + "\n";
            let greeting = if protocol == Protocol::TcpServerFirst { greeting } else { String::new() };
            let right = (greeting + &said(&trail.answer)).into_bytes();
            assert_eq!(weighed(trail, &trail.replying(&String::from_utf8_lossy(&right)), &objects), Weighed::Right);
            for at in 0..right.len() {
                // A digit is another digit, a letter another letter, an upper-case one a lower-case one, and a byte none at all.
                for change in [1, 2, 0x20, 0x80] {
                    let mut bytes = right.clone();
                    bytes[at] ^= change;
                    let text = String::from_utf8_lossy(&bytes);
                    let seen = weighed(trail, &trail.replying(&text), &objects);
                    assert!(matches!(seen, Weighed::Wrong(_)), "{at}: {text}");
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_with_the_line_is_said() {
    let (_, trails) = &*LAB;
    let right = said(&trails[0].answer);
    let why = |text: &str| match read(text, Protocol::Tcp) {
        Err(NotAnAnswer::Line { line: 1, why }) => why,
        other => panic!("{other:?}"),
    };
    let connection = right.replace("\"connection\":", "\"connection\":7");
    assert_eq!(why(&connection), SealError::Broken.to_string());
    assert_eq!(why(&right[..right.len() - 1]), SealError::Absent.to_string());
    assert_eq!(why("hello ipv6"), SealError::Absent.to_string());
    let unsealed = unseal(&right).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(why(&unsealed), SealError::Absent.to_string());
    assert!(why(&seal("{}")).starts_with("missing field `run`"));
    // Python: zlib.crc32(b'{"a":1}')
    assert_eq!(seal("{\"a\":1}"), "{\"a\":1,\"seal\":\"561bacaf\"}");
}

#[test]
fn an_answer_over_http_with_another_status_is_wrong() {
    let (objects, trails) = of(Protocol::Http1);
    let trail = &trails[0];
    for status in [Some(200), Some(201), Some(503), None] {
        let mut testimony = trail.replying(&said(&trail.answer));
        if let Told::Report(report) = &mut testimony.told {
            report.attempts.iter_mut().for_each(|attempt| attempt.status = status);
        }
        let expected = match status {
            Some(200) => Weighed::Right,
            seen => Weighed::Wrong(vec![Departure::OtherStatus { seen }]),
        };
        assert_eq!(weighed(trail, &testimony, &objects), expected);
    }
}
