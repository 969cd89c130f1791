//! Access log lines, one a connection, found by their sockets.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::evidence::{AccessLogLine, PodRef};

/// The lines of all proxies without repeats. A line is known by its number here.
pub(super) struct Lines<'a> {
    all: Vec<&'a AccessLogLine>,
    by_remote: BTreeMap<SocketAddr, Vec<usize>>,
    by_own: BTreeMap<SocketAddr, Vec<usize>>,
}

impl<'a> Lines<'a> {
    /// Takes lines in any order. The same connection is taken once, also where it was logged in between or read twice; two
    /// lines that contradict each other stay two.
    pub(super) fn new(lines: &'a [AccessLogLine]) -> Self {
        let mut groups: BTreeMap<_, Vec<&AccessLogLine>> = BTreeMap::new();
        for line in lines {
            let AccessLogLine { pod, connection, start, request, .. } = line;
            groups
                .entry((pod, start, connection, request, line.remote(), line.downstream_local))
                .or_default()
                .push(line);
        }
        let mut all: Vec<&AccessLogLine> = groups.into_values().flat_map(distinct).collect();
        all.sort_by(|one, other| rank(one).cmp(&rank(other)));
        let mut by_remote: BTreeMap<SocketAddr, Vec<usize>> = BTreeMap::new();
        let mut by_own: BTreeMap<SocketAddr, Vec<usize>> = BTreeMap::new();
        for (number, line) in all.iter().enumerate() {
            if let Some(remote) = line.remote() {
                by_remote.entry(remote).or_default().push(number);
            }
            if let Some(own) = line.upstream_local {
                by_own.entry(own).or_default().push(number);
            }
        }
        Self { all, by_remote, by_own }
    }

    pub(super) fn get(&self, number: usize) -> &'a AccessLogLine {
        self.all[number]
    }

    /// Lists the lines of connections that came from a socket.
    pub(super) fn from(&self, socket: SocketAddr) -> impl Iterator<Item = (usize, &'a AccessLogLine)> {
        self.by_remote.get(&socket).into_iter().flatten().map(|number| (*number, self.all[*number]))
    }

    /// Lists the lines of connections that a proxy carried on from a socket of its own. Loopback addresses are the same in
    /// every pod, so the pod belongs to the question.
    pub(super) fn onward(&self, pod: &PodRef, own: SocketAddr) -> impl Iterator<Item = (usize, &'a AccessLogLine)> {
        let numbers = self.by_own.get(&own).into_iter().flatten();
        numbers.map(|number| (*number, self.all[*number])).filter(move |(_, line)| line.pod == *pod)
    }
}

/// Keeps the fullest line of a connection; every distinct one where they contradict each other.
fn distinct(mut lines: Vec<&AccessLogLine>) -> Vec<&AccessLogLine> {
    let onward = |line: &AccessLogLine| (line.upstream_local, line.upstream(), line.cluster.clone());
    lines.sort_by(|one, other| fullness(other).cmp(&fullness(one)).then_with(|| rank(one).cmp(&rank(other))));
    let said: BTreeSet<_> =
        lines.iter().filter(|line| line.upstream_local.is_some()).map(|line| onward(line)).collect();
    if said.len() < 2 {
        lines.truncate(1);
        return lines;
    }
    let mut seen = BTreeSet::new();
    lines.retain(|line| seen.insert(onward(line)));
    lines
}

fn fullness(line: &AccessLogLine) -> (bool, Option<u64>, Option<u64>) {
    (line.upstream_local.is_some(), line.duration_millis, line.bytes_sent)
}

fn rank(line: &AccessLogLine) -> (&str, jiff::Timestamp, &PodRef) {
    (&line.place, line.start, &line.pod)
}
