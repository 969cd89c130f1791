//! K31: nobody writes an IPv4 address in the form `::ffff:a.b.c.d`.

use std::collections::BTreeMap;

use crate::answer::Departure;
use crate::check::calling::{self, Call, Said, Statement};
use crate::check::{Case, Check, Judged};
use crate::evidence::PodRef;
use crate::family::IpFamily;
use crate::spec::Profile;
use crate::truth::Expected;
use crate::verdict::{Findings, Layer};

pub(in crate::check) const CLIENT_IP_CANONICAL: Check = Check {
    key: "K31",
    slug: "client-ip-canonical",
    layer: Layer::Application,
    profile: Profile::Core,
    title: "servers and access logs name IPv4 addresses as IPv4, never as `::ffff:a.b.c.d`",
    why: "a mapped address is not found by its IPv4 form: Envoy logged one or the other by how its listener was bound \
          (envoyproxy/envoy#19922), a proxy took mapped clients for strangers (istio/ztunnel#585) and mapped loopback for a \
          foreign address (linkerd/linkerd2-proxy#3013)",
    cure: "look at the place: an answer's own socket is mapped where an application on `[::]` prints what the kernel says, a \
           log line where Envoy's listener is bound to `::` with ipv4_compat; `istioctl proxy-config listeners POD -o json`",
    needs_mesh: false,
    judge,
};

/// How many lines of a log are quoted.
const QUOTED: usize = 3;

fn judge(case: &Case<'_>) -> Judged {
    calling::judge(
        case,
        "both ends of the server's socket in their own form",
        |_, call| said(call).map(|said| Statement::of(call, said)).into_iter().collect(),
        |_, findings| logs(case, findings),
    )
}

fn said(call: &Call<'_>) -> Option<Said> {
    if !matches!(call.expected, Expected::Answer(_)) {
        return None;
    }
    if let Some(why) = call.lost() {
        return Some(Said::Lost(why.to_owned()));
    }
    let unread = |departure: &Departure| matches!(departure, Departure::Ended { .. } | Departure::NotAnAnswer(_));
    if call.departures().iter().any(unread) {
        return Some(Said::Lost("nobody answered in words that tell an address".to_owned()));
    }
    Some(Said::of(call.departures().iter().filter(|departure| matches!(departure, Departure::Mapped { .. }))))
}

/// The log of one proxy.
#[derive(Default)]
struct Log<'a> {
    lines: usize,
    /// Keys and places of the lines with a mapped address.
    mapped: Vec<(String, &'a str)>,
}

fn logs(case: &Case<'_>, findings: &mut Findings) {
    let mut logs: BTreeMap<&PodRef, Log<'_>> = BTreeMap::new();
    for line in &case.evidence.access_log {
        let log = logs.entry(&line.pod).or_default();
        log.lines += 1;
        log.mapped.extend(line.mapped.first().map(|_| (line.mapped.join(" and "), line.place.as_str())));
    }
    for (pod, Log { lines, mapped }) in logs {
        let subject = format!("addresses in the access log of {pod}");
        let expected = format!("no mapped address in {lines} lines");
        let quoted = &mapped[..mapped.len().min(QUOTED)];
        let words: Vec<String> = quoted.iter().map(|(keys, place)| format!("{keys} at {place}")).collect();
        let seen = match mapped.len() - quoted.len() {
            _ if mapped.is_empty() => expected.clone(),
            0 => words.join("; "),
            more => format!("{}; and {more} more", words.join("; ")),
        };
        let places: Vec<&str> = quoted.iter().map(|(_, place)| *place).collect();
        let place =
            if places.is_empty() { format!("access/{}/{}.log", pod.namespace, pod.name) } else { places.join(", ") };
        findings.push(&subject, Some(IpFamily::IPv4), &expected, &seen, mapped.is_empty(), &place);
    }
}
