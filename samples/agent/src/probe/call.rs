//! One call: look up, try, report.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dualproof_wire::{Ask, Destination, Outcome, Report};

use super::exchange::{Turn, attempt};
use crate::elapsed::micros;
use crate::lookup::Search;

/// Makes one call inside its deadline, which begins now. Without a `search` a name cannot be looked up.
pub async fn call(ask: &Ask, search: Option<&Search>) -> Report {
    let began = Instant::now();
    let deadline = began + Duration::from_millis(ask.deadline_millis);
    let mut report = Report {
        id: ask.id.clone(),
        resolutions: Vec::new(),
        attempts: Vec::new(),
        outcome: Outcome::NxDomain,
        micros: 0,
    };
    let addresses = match (&ask.to, search) {
        (Destination::Address(address), _) => vec![*address],
        (Destination::Name { name, port, records, resolver }, Some(search)) => {
            let lookup = search.look_up(name, *records, *resolver, deadline).await;
            report.resolutions = lookup.resolutions;
            report.outcome = lookup.lost.unwrap_or(Outcome::NoData);
            lookup.addresses.into_iter().map(|ip| SocketAddr::new(ip, *port)).collect()
        }
        (Destination::Name { .. }, None) => {
            report.outcome = Outcome::Failed("no resolver is known".to_owned());
            Vec::new()
        }
    };
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let now = Instant::now();
        let share = now + deadline.saturating_duration_since(now) / left;
        let turn = Turn { ask, began: now, connect_by: (left > 1).then_some(share), deadline };
        let attempt = attempt(&turn, address).await;
        let is_connected = attempt.connect_micros.is_some();
        report.outcome = attempt.outcome.clone();
        report.attempts.push(attempt);
        if is_connected {
            break;
        }
        left -= 1;
    }
    report.micros = micros(began);
    report
}
