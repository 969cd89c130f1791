//! A testimony against the truth table.

use std::collections::BTreeSet;
use std::time::Duration;

use dualproof_wire::{Outcome, Protocol};

use super::{Departure, NotAnAnswer, Reply, compare, read};
use crate::evidence::{Objects, Testimony, Told};
use crate::matrix::CallCell;
use crate::truth::{Answering, Ending, Expected, Failing, HAPPY_EYEBALLS};

/// What a call's testimony comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// As the truth table says.
    Right,
    /// Not as it says; never empty.
    Wrong(Vec<Departure>),
    /// The report is lost, and why: nothing can be said.
    Lost(String),
    /// The truth table does not say what is right, and why.
    Unstated(&'static str),
    /// There is no such call, and why.
    NotApplicable(String),
}

/// Weighs a testimony. `run` is the run's id, which every server repeats.
///
/// A call that must fail and is answered by a server of ours is wrong, whoever it is; words of a stranger (a proxy's own
/// HTTP 503) count as a way to fail where the table allows it.
#[must_use]
pub fn weigh(testimony: &Testimony, cell: &CallCell, expected: &Expected, objects: &Objects, run: &str) -> Weighed {
    let report = match (&testimony.told, expected) {
        (_, Expected::NotApplicable(why)) => return Weighed::NotApplicable(why.clone()),
        (_, Expected::Unstated(why)) => return Weighed::Unstated(why),
        (Told::Lost(why), _) => return Weighed::Lost(why.clone()),
        (Told::Report(report), _) => report,
    };
    let reply = match &report.outcome {
        Outcome::Replied(text) => Some(read(text, cell.protocol)),
        _ => None,
    };
    let client = testimony.attempt().and_then(|attempt| attempt.local);
    let held_to = |reply: &Reply, answering: &Answering| {
        let answering = in_its_time(answering, testimony);
        let mut departures = compare(reply, cell, &answering, objects, run, &testimony.ask.token, client);
        departures.extend(status(testimony, cell));
        departures
    };
    let departures = match expected {
        Expected::Answer(answering) => match reply {
            Some(Ok(reply)) => held_to(&reply, answering),
            // A proxy's own words for a server that it could not reach.
            Some(Err(_)) if gave_up(testimony) => {
                vec![Departure::Ended { expected: BTreeSet::new(), seen: Some(Ending::Stranger) }]
            }
            Some(Err(not)) => vec![Departure::NotAnAnswer(not)],
            None => vec![Departure::Ended { expected: BTreeSet::new(), seen: Ending::of(&report.outcome) }],
        },
        Expected::Failure(Failing { raced: Some(answering), .. }) if matches!(reply, Some(Ok(_))) => {
            reply.iter().flatten().flat_map(|reply| held_to(reply, answering)).collect()
        }
        Expected::Failure(failing) => {
            let seen = ending(&report.outcome, reply.as_ref());
            let right = seen.is_some_and(|ending| failing.endings.contains(&ending));
            let departure = Departure::Ended { expected: failing.endings.clone(), seen };
            if right { Vec::new() } else { vec![departure] }
        }
        Expected::NotApplicable(_) | Expected::Unstated(_) => Vec::new(),
    };
    if departures.is_empty() { Weighed::Right } else { Weighed::Wrong(departures) }
}

/// An answer of our server with another status was changed on its way.
fn status(testimony: &Testimony, cell: &CallCell) -> Option<Departure> {
    let is_http = matches!(cell.protocol, Protocol::Http1 | Protocol::H2c);
    let seen = testimony.attempt().and_then(|attempt| attempt.status);
    (is_http && seen != Some(200)).then_some(Departure::OtherStatus { seen })
}

/// Tells whether what came back is an HTTP answer that says that there is none (RFC 9110, 15.6).
fn gave_up(testimony: &Testimony) -> bool {
    testimony.attempt().and_then(|attempt| attempt.status).is_some_and(|status| (502..=504).contains(&status))
}

/// Adds the families of a second try to those of the first, when the answer took so long that there was one.
fn in_its_time(answering: &Answering, testimony: &Testimony) -> Answering {
    let first_byte = testimony.attempt().and_then(|attempt| attempt.first_byte_micros).map(Duration::from_micros);
    let mut answering = answering.clone();
    if first_byte.is_some_and(|took| took >= HAPPY_EYEBALLS) {
        answering.arrival.extend(&answering.late);
    }
    answering
}

fn ending(outcome: &Outcome, reply: Option<&Result<Reply, NotAnAnswer>>) -> Option<Ending> {
    match reply {
        Some(Ok(_)) => None,
        Some(Err(_)) => Some(Ending::Stranger),
        None => Ending::of(outcome),
    }
}
