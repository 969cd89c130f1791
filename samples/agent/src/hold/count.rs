//! Counts what became of one call's repeats.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dualproof_wire::{Held, Outcome};

/// The running count of one ask.
#[derive(Debug)]
pub(super) struct Count {
    sent: u64,
    replied: u64,
    lost: BTreeMap<String, u64>,
    /// When an own answer came, or the time began, last.
    last: Instant,
    longest: Duration,
}

impl Count {
    /// Begins to count.
    pub(super) fn new(began: Instant) -> Self {
        Self { sent: 0, replied: 0, lost: BTreeMap::new(), last: began, longest: Duration::ZERO }
    }

    /// Counts a call as made; gives its number, from 1.
    pub(super) fn send(&mut self) -> u64 {
        self.sent += 1;
        self.sent
    }

    /// Counts how a call ended. Only an answer with the call's own token is one.
    pub(super) fn end(&mut self, token: &str, outcome: &Outcome, at: Instant) {
        if matches!(outcome, Outcome::Replied(text) if text.contains(token)) {
            self.replied += 1;
            self.gap(at);
        } else {
            *self.lost.entry(outcome.word().to_owned()).or_default() += 1;
        }
    }

    /// Ends the count.
    pub(super) fn held(mut self, id: &str, ended: Instant) -> Held {
        self.gap(ended);
        Held {
            id: id.to_owned(),
            sent: self.sent,
            replied: self.replied,
            lost: self.lost,
            longest_gap_millis: u64::try_from(self.longest.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// Calls overlap, so that an answer may be counted after a later one.
    fn gap(&mut self, at: Instant) {
        self.longest = self.longest.max(at.saturating_duration_since(self.last));
        self.last = self.last.max(at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_gap_is_between_own_answers_or_at_an_end() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let reply = |token: &str| Outcome::Replied(format!("{{\"token\":\"{token}\"}}"));
        let mut count = Count::new(began);
        for _ in 0..5 {
            count.send();
        }
        count.end("t-1", &reply("t-1"), at(30));
        count.end("t-3", &reply("t-3"), at(80));
        count.end("t-2", &reply("t-2"), at(70));
        count.end("t-4", &reply("other"), at(100));
        count.end("t-5", &Outcome::Reset, at(110));
        let held = count.held("a", at(120));
        assert_eq!((held.sent, held.replied, held.longest_gap_millis), (5, 3, 50));
        assert_eq!(held.lost, BTreeMap::from([("replied".to_owned(), 1), ("reset".to_owned(), 1)]));
        assert_eq!(Count::new(began).held("a", at(120)).longest_gap_millis, 120);
    }
}
