//! The matrix's calls, made by the agents in the clients' containers: one exec for all calls of a client, inside the cluster or out.

use std::collections::{BTreeMap, BTreeSet};

use dualproof_model::evidence::{CallStage, PodRef, Testimony, Told};
use dualproof_model::plan::Timeouts;
use dualproof_wire::{Ask, Report};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::Share;
use super::way::{Heard, Way};
use crate::context::RunContext;
use crate::image::ENTRYPOINT;

/// One call of the matrix that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellAsk {
    /// The cell's id.
    pub cell: String,
    /// What the prober is asked. Its id need only be unique in the list.
    pub ask: Ask,
}

/// Has the agent of one client make calls, and returns one [`Testimony`] for each, in their order. `share` is this client's of those that
/// call at the same time ([`Share::divide`]).
///
/// There is no error: a call without a report says why it has none. What a prober had told before it was killed counts.
pub async fn ask_all(
    context: &RunContext,
    stage: CallStage,
    way: Way<'_>,
    asks: &[CellAsk],
    share: Share,
) -> Vec<Testimony> {
    let client = way.pod();
    let command = format!("{ENTRYPOINT} probe {}", share.words());
    let argv: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let input = match lines(asks) {
        Ok(input) => input,
        Err(error) => {
            let now = now();
            let why = format!("the calls could not be written down: {error}");
            return asks.iter().map(|ask| testimony(ask, stage, client, (now, now), Told::Lost(why.clone()))).collect();
        }
    };
    let from = now();
    // Every call its own deadline, and the exec its own time.
    let limit = Timeouts::of(context.timeouts.call) + share.longest(asks);
    let heard = way.run(context, &argv, input.as_bytes(), limit).await;
    let until = now();
    let (mut reports, why) = (reports(&heard.stdout), ending(&heard));
    let told = |ask: &CellAsk| {
        let told = reports.remove(ask.ask.id.as_str()).map_or_else(|| Told::Lost(why.clone()), Told::Report);
        testimony(ask, stage, client, (from, until), told)
    };
    let mut testimonies: Vec<Testimony> = asks.iter().map(told).collect();
    if let Way::Outside(outside) = way {
        outside.take_back(context, &mut testimonies).await;
    }
    testimonies
}

/// Has several clients make their calls at the same time; each is one of [`ask_all`].
pub async fn ask_together(
    context: &RunContext,
    stage: CallStage,
    clients: &[(Way<'_>, &[CellAsk], Share)],
) -> Vec<Testimony> {
    // Made before they are polled: closures over borrowed clients would not be `Send`.
    let lists: Vec<_> = clients.iter().map(|(way, asks, share)| ask_all(context, stage, *way, asks, *share)).collect();
    join_all(lists).await.into_iter().flatten().collect()
}

/// Testifies that calls were not made, and why.
#[must_use]
pub fn lost_all(stage: CallStage, asks: &[CellAsk], why: &str) -> Vec<Testimony> {
    let now = now();
    asks.iter().map(|ask| testimony(ask, stage, None, (now, now), Told::Lost(why.to_owned()))).collect()
}

fn testimony(
    ask: &CellAsk,
    stage: CallStage,
    client: Option<&PodRef>,
    time: (Timestamp, Timestamp),
    told: Told,
) -> Testimony {
    let CellAsk { cell, ask } = ask.clone();
    Testimony { cell, stage, client: client.cloned(), from: time.0, until: time.1, ask, told }
}

fn lines(asks: &[CellAsk]) -> serde_json::Result<String> {
    asks.iter().map(|ask| serde_json::to_string(&ask.ask).map(|line| line + "\n")).collect()
}

/// Reads the whole lines that are reports, by id. A line without its end was cut when the prober was killed.
fn reports(stdout: &str) -> BTreeMap<String, Report> {
    let whole = stdout.rfind('\n').map_or("", |end| &stdout[..end]);
    let mut reports = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for report in whole.lines().filter_map(|line| serde_json::from_str::<Report>(line).ok()) {
        if let Some(other) = reports.insert(report.id.clone(), report) {
            twice.insert(other.id);
        }
    }
    // Of two reports of one call nobody can tell which is true.
    reports.retain(|id, _| !twice.contains(id));
    reports
}

fn ending(heard: &Heard) -> String {
    let said = heard.stderr.trim().lines().last().map(|line| format!("; it last said: {line}")).unwrap_or_default();
    match &heard.ending {
        Ok(0) => "the prober ended without a report of this call".to_owned(),
        Ok(code) => format!("the prober ended with {code} before it reported this call{said}"),
        Err(why) => format!("the prober was lost: {why}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "a time of day, to find the calls in the proxies' logs by eye")]
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str) -> String {
        format!(r#"{{"id":"{id}","resolutions":[],"attempts":[],"outcome":"closed","micros":1}}"#)
    }

    #[test]
    fn whole_lines_count_and_a_cut_or_foreign_one_does_not() {
        let stdout = format!("{}\nnoise\n{}\n{}", line("a"), line("b"), &line("c")[..20]);
        assert_eq!(reports(&stdout).into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(reports(&line("a")).len(), 0, "the line has no end");
    }

    #[test]
    fn of_two_reports_of_one_call_neither_counts() {
        let stdout = format!("{}\n{}\n{}\n{}\n", line("a"), line("b"), line("a"), line("a"));
        assert_eq!(reports(&stdout).into_keys().collect::<Vec<_>>(), ["b"]);
    }
}
