//! The questions by which a call's name was looked up.

use std::net::IpAddr;

use dualproof_wire::{Records, Resolution, ResolutionOutcome};

use crate::check::Case;
use crate::check::calling::{Call, Said, Statement};
use crate::evidence::Testimony;
use crate::family::{AddressSet, IpFamily, canonical};
use crate::matrix::Dial;

/// One question and what it should bring.
pub(super) struct Question {
    /// The family of the records.
    pub(super) family: IpFamily,
    /// The addresses that the Service has of it.
    pub(super) expected: AddressSet,
}

impl Question {
    /// Says how the question ended, in words.
    pub(super) fn ended(resolution: &Resolution) -> String {
        let ending = match &resolution.outcome {
            ResolutionOutcome::Answered => "answered".to_owned(),
            ResolutionOutcome::NoData => "no data".to_owned(),
            ResolutionOutcome::NxDomain => "NXDOMAIN".to_owned(),
            ResolutionOutcome::ServFail => "SERVFAIL".to_owned(),
            ResolutionOutcome::Code(code) => format!("response code {code}"),
            ResolutionOutcome::Timeout => "no answer in time".to_owned(),
            ResolutionOutcome::Broken(why) => format!("broken ({why})"),
        };
        format!("{} for {} from {}", ending, resolution.name, resolution.resolver)
    }

    /// Returns the addresses of an answer.
    pub(super) fn addresses(resolution: &Resolution) -> AddressSet {
        resolution.addresses.iter().copied().map(canonical).collect()
    }
}

/// Asks each question of a call by name: what the resolver said of the Service's own name, or, where the search never came to
/// it, of the last one. Says that evidence is lost where the report is, or the question was never asked.
pub(super) fn each(
    case: &Case<'_>,
    call: &Call<'_>,
    expected: impl Fn(&Question) -> String,
    said: impl Fn(&Question, &Resolution) -> Option<Said>,
) -> Vec<Statement> {
    let Dial::Name(records) = &call.cell.dial else { return Vec::new() };
    let families: &[IpFamily] = match records {
        Records::A => &[IpFamily::IPv4],
        Records::Aaaa => &[IpFamily::IPv6],
        Records::Both => &IpFamily::BOTH,
    };
    let report = call.testimony.and_then(Testimony::report);
    let full = format!("{}.{}.svc.", call.cell.service.name, call.cell.service.namespace);
    let statement = |family: &IpFamily| {
        let wanted = if *family == IpFamily::IPv4 { Records::A } else { Records::Aaaa };
        let asked: Vec<&Resolution> = report.iter().flat_map(|report| &report.resolutions).collect();
        let mut asked = asked.into_iter().filter(|resolution| resolution.records == wanted).rev();
        // The search list makes names that do not exist, before and behind the Service's own.
        let (own, last) = (asked.clone().find(|resolution| resolution.name.starts_with(&full)), asked.next());
        let question = Question { family: *family, expected: addresses(case, call, *family) };
        let said = match (own, last, call.lost()) {
            (_, _, Some(why)) => Said::Lost(why.to_owned()),
            (None, None, None) => Said::Lost(format!("no {} question was asked", family.record_type())),
            (None, Some(other), None) if other.outcome == ResolutionOutcome::NxDomain => {
                Said::Lost(format!("the search ended before the Service's own name: {}", Question::ended(other)))
            }
            (Some(resolution), _, None) | (None, Some(resolution), None) => said(&question, resolution)?,
        };
        Some(Statement { family: Some(*family), expected: expected(&question), said, layer: None, places: Vec::new() })
    };
    families.iter().filter_map(statement).collect()
}

/// The addresses that a Service's name stands for: its clusterIPs, or, without any, the podIPs of the Ready pods behind it
/// (<https://github.com/kubernetes/dns/blob/master/docs/specification.md>).
fn addresses(case: &Case<'_>, call: &Call<'_>, family: IpFamily) -> AddressSet {
    let objects = &case.evidence.objects;
    let Some(service) = objects.service(&call.cell.service.namespace, &call.cell.service.name) else {
        return AddressSet::default();
    };
    let pods = objects.backends_of(service);
    let all: Vec<IpAddr> = match service.headless {
        true => pods.iter().flat_map(|backend| backend.addresses.iter().copied()).collect(),
        false => service.cluster_ips.clone(),
    };
    let has = service.families.contains(&family);
    all.into_iter().filter(|_| has).collect::<AddressSet>().of_family(family)
}
