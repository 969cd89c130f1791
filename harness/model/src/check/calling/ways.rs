//! The ways of a matrix's calls: by the proxies' logs, and by their counters where logs cannot be had.

use std::collections::BTreeSet;

use super::Calls;
use crate::answer::Weighed;
use crate::evidence::{Evidence, PodRef};
use crate::path::{Counted, Dialled, Path, count, prove};
use crate::truth::Expected;

/// Finds the way of every call that was tried.
pub(super) fn find_ways(calls: &mut Calls<'_>, evidence: &Evidence) {
    let dialled: Vec<Option<Dialled>> =
        calls.all.iter().map(|call| Dialled::of(call.testimony?, &call.cell, calls.meshed)).collect();
    let tried: Vec<Dialled> = dialled.iter().flatten().cloned().collect();
    let mut found = prove(&tried, &evidence.access_log).into_iter();
    let mut paths: Vec<Option<Path>> =
        dialled.iter().map(|dialled| dialled.as_ref().and_then(|_| found.next())).collect();
    let counted: Vec<Counted<'_>> = calls
        .all
        .iter()
        .zip(&dialled)
        .map(|(call, dialled)| Counted {
            cell: &call.cell,
            dialled: dialled.as_ref(),
            lost: call.lost().is_some(),
            answering: match &call.expected {
                Expected::Answer(answering) => Some(answering),
                _ => None,
            },
            right: call.weighed == Weighed::Right,
        })
        .collect();
    count(&mut paths, &counted, &evidence.proxies, &unlogged(evidence));
    for (call, path) in calls.all.iter_mut().zip(paths) {
        call.path = path;
    }
}

/// Lists the pods whose proxy's log is called missing as a whole. A log that is there and lacks lines is no such log.
fn unlogged(evidence: &Evidence) -> BTreeSet<PodRef> {
    let is_missing = |pod: &PodRef| {
        let log = format!("access/{pod}.log");
        evidence.manifest.missing.iter().any(|missing| missing.what == log)
    };
    evidence.proxies.iter().map(|proxy| proxy.pod.clone()).filter(is_missing).collect()
}
