//! What probers that call at the same time have of the machine each.

use std::time::Duration;

use dualproof_wire::{Destination, OWN_PORTS, Protocol, Records};
use jiff::Timestamp;

use super::CellAsk;

/// Calls of all probers under way at the same time. Clients, their sidecars and the servers' share this machine's processors with them.
const AT_ONCE: usize = 24;

/// Calls of one prober that may wait beside those. They cost no processor, so that all that are lost are lost at once.
const WAITING: usize = 256;

/// After how long the agent takes a call for one that waits (`--waiting` in `agent probe --help`).
const QUIET: Duration = Duration::from_millis(100);

/// How long a port rests until it comes again. The kernel remembers a connection for two minutes after its end
/// (net.netfilter.nf_conntrack_tcp_timeout_time_wait), and gives one that would look like it another source port on its way; a prober takes
/// some seconds, in which a call may begin late and one before it may have ended late.
const REST: u64 = 150;

/// Ports that a clock goes through in a second: a reading takes some 900, and the fastest come every four seconds.
const EACH_SECOND: u64 = (OWN_PORTS as u64) / REST;

/// What one of several probers has of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    at_once: usize,
    turn: u64,
}

impl Share {
    /// Divides the machine among probers that call at the same time, each what its list says.
    ///
    /// Each has as many calls under way as every other, and ports of its own: where connections of two clients are redirected to one proxy, or
    /// translated by one node, equal ports would get one of them another port on its way. Probers that are started later begin where the clock stands then.
    #[must_use]
    pub fn divide(asks: &[&[CellAsk]]) -> Vec<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a time of day, so that no two runs on a machine begin at the same port"
        )]
        let now = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or_default();
        Self::from(now * EACH_SECOND / 1000, asks)
    }

    fn from(turn: u64, asks: &[&[CellAsk]]) -> Vec<Self> {
        let probers = asks.iter().filter(|asks| !asks.is_empty()).count();
        let at_once = (AT_ONCE / probers.max(1)).max(1);
        let mut next = turn;
        let share = |asks: &&[CellAsk]| {
            let turn = next;
            next += asks.iter().map(ports).sum::<u64>();
            Self { at_once, turn }
        };
        asks.iter().map(share).collect()
    }

    /// The words that tell the agent.
    pub(super) fn words(self) -> String {
        let Self { at_once, turn } = self;
        format!("--concurrency {at_once} --waiting {WAITING} --turn {turn}")
    }

    /// How long a list may take at most, when every call takes as long as it may.
    pub(super) fn longest(self, asks: &[CellAsk]) -> Duration {
        let deadline = asks.iter().map(|ask| ask.ask.deadline_millis).max().unwrap_or_default();
        let rounds = |at_once: usize| u32::try_from(asks.len().div_ceil(at_once)).unwrap_or(u32::MAX);
        let waited = Duration::from_millis(deadline).saturating_mul(rounds(self.at_once + WAITING));
        waited.saturating_add(QUIET.saturating_mul(rounds(self.at_once)))
    }
}

/// The most ports of its own that a call takes: a name is called at its first address in either family, until one connects.
fn ports(ask: &CellAsk) -> u64 {
    match (ask.ask.protocol, &ask.ask.to) {
        (Protocol::Udp, _) => 0,
        (_, Destination::Name { records: Records::Both, .. }) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use dualproof_wire::Ask;

    use super::*;

    fn ask(protocol: Protocol, to: Destination) -> CellAsk {
        let (id, token) = (String::new(), String::new());
        let ask = Ask { id, token, to, protocol, deadline_millis: 2000, payload: 0, own_port: true };
        CellAsk { cell: String::new(), ask }
    }

    #[test]
    fn no_prober_takes_the_port_of_another_beside_it() {
        let address = || Destination::Address(([10, 0, 0, 1], 9000).into());
        let name = |records| Destination::Name { name: "a.b".to_owned(), port: 1, records, resolver: None };
        let named = [ask(Protocol::Tcp, name(Records::Both)), ask(Protocol::Http1, name(Records::A))];
        let asks = [&named[..], &[ask(Protocol::Udp, address())], &[ask(Protocol::Tcp, address())], &[]];
        let shares = Share::from(1000, &asks);
        assert_eq!(shares.iter().map(|share| share.turn).collect::<Vec<_>>(), [1000, 1003, 1003, 1004]);
        assert_eq!(shares[0].words(), "--concurrency 8 --waiting 256 --turn 1000");
    }

    #[test]
    fn a_list_has_its_deadlines_and_the_time_until_all_of_them_run() {
        let silent = ask(Protocol::Tcp, Destination::Address(([10, 0, 0, 1], 9000).into()));
        let longest = |count: usize| Share { at_once: 8, turn: 0 }.longest(&vec![silent.clone(); count]).as_millis();
        assert_eq!((longest(0), longest(8), longest(264), longest(265)), (0, 2100, 2000 + 3300, 4000 + 3400));
    }
}
