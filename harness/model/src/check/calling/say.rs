//! Statements about single calls into findings that people can read: a matrix has hundreds of calls.
//!
//! Calls are told together by client, kind of address and family, and by what was expected where they are wrong; a few of each
//! are quoted, of different targets before the same.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::TESTIMONY;
use super::{Call, Calls, Said, Statement};
use crate::check::{Case, Judged};
use crate::family::IpFamily;
use crate::matrix::{Dial, Gap};
use crate::verdict::{Findings, Layer};

/// How many calls of a group are quoted.
const QUOTED: usize = 3;

/// Asks every call of the scenario's matrix a question, and turns what is said into findings. `right` says in a few words what
/// holds of a call that is right. A question that says nothing of a call leaves it to another check.
///
/// The matrix's gaps are lost evidence for every check.
pub(in crate::check) fn judge(
    case: &Case<'_>,
    right: &str,
    ask: impl Fn(&Calls<'_>, &Call<'_>) -> Vec<Statement>,
    more: impl Fn(&Calls<'_>, &mut Findings),
) -> Judged {
    let Some(calls) = case.calls() else {
        return Judged::NotApplicable("the scenario has no call matrix".to_owned());
    };
    let mut findings = Findings::new();
    let calls = match calls {
        Ok(calls) => calls,
        Err(why) => {
            findings.lost("calls of the matrix", None, &"the shapes of the mesh's version", why, "bundle.yaml");
            return findings.into();
        }
    };
    for gap in &calls.gaps {
        let (place, why) = gap_of(case, gap);
        findings.lost("calls of the matrix", None, &"live objects as the scenario says", &why, place);
    }
    let mut groups = Groups::default();
    for call in &calls.all {
        for statement in ask(calls, call) {
            groups.take(call, statement);
        }
    }
    groups.into_findings(right, &mut findings);
    more(calls, &mut findings);
    if findings.is_empty() {
        return Judged::NotApplicable("no call of the matrix is of this kind".to_owned());
    }
    findings.into()
}

fn gap_of(case: &Case<'_>, gap: &Gap) -> (&'static str, String) {
    let objects = &case.evidence.objects;
    let (place, is_lost) = match gap {
        Gap::NoService(_) | Gap::OtherService { .. } | Gap::OtherPort { .. } => {
            ("objects/services.json", objects.services.is_empty())
        }
        Gap::NoServer(_) | Gap::NoClient(_) | Gap::Sidecar { .. } => ("objects/pods.json", objects.pods.is_empty()),
        Gap::Twice(_) => ("objects/services.json", false),
    };
    (place, if is_lost { case.why_missing(place) } else { gap.to_string() })
}

/// Client, kind of address, family.
type Kind = (String, &'static str, Option<IpFamily>);

#[derive(Default)]
struct Groups {
    right: BTreeMap<(Kind, Option<&'static str>), usize>,
    wrong: BTreeMap<(Kind, String, Option<Layer>), Told>,
    lost: BTreeMap<Kind, Told>,
}

/// What was said of the calls of a group, in their order.
#[derive(Default)]
struct Told(Vec<One>);

struct One {
    service: String,
    words: String,
    places: Vec<String>,
}

impl Groups {
    fn take(&mut self, call: &Call<'_>, statement: Statement) {
        let kind = (call.cell.client.name.clone(), dial(&call.cell.dial), statement.family);
        let service = format!("{}/{}", call.cell.service.namespace, call.cell.service.name);
        let places = [call.place()].into_iter().chain(statement.places).collect();
        let one = |words: String| One { service, words: format!("{}: {words}", call.cell.id), places };
        match statement.said {
            Said::Right => *self.right.entry((kind, None)).or_default() += 1,
            Said::Weaker(proof) => *self.right.entry((kind, Some(proof))).or_default() += 1,
            Said::Wrong(words) => {
                self.wrong.entry((kind, statement.expected, statement.layer)).or_default().0.push(one(words))
            }
            Said::Lost(why) => self.lost.entry(kind).or_default().0.push(one(why)),
        }
    }

    fn into_findings(self, right: &str, findings: &mut Findings) {
        for ((kind, weaker), count) in self.right {
            let (subject, family) = (subject(&kind, None), kind.2);
            let right = weaker.unwrap_or(right);
            findings.push(&subject, family, &format!("{right}, each of {count}"), &count, true, TESTIMONY);
        }
        for ((kind, expected, layer), told) in self.wrong {
            let (subject, family) = (subject(&kind, told.only_service()), kind.2);
            findings.traced(&subject, family, &expected, &told.words(), layer, &told.places());
        }
        for (kind, told) in self.lost {
            let (subject, family) = (subject(&kind, told.only_service()), kind.2);
            let expected = format!("{right}, each of {}", told.0.len());
            findings.lost(&subject, family, &expected, &told.words(), &told.places());
        }
    }
}

impl Told {
    fn only_service(&self) -> Option<&str> {
        let first = self.0.first()?.service.as_str();
        self.0.iter().all(|one| one.service == first).then_some(first)
    }

    /// The first of each service, then the others, no more than are quoted.
    fn quoted(&self) -> Vec<&One> {
        let mut seen = BTreeSet::new();
        let (first, others): (Vec<&One>, Vec<&One>) = self.0.iter().partition(|one| seen.insert(&one.service));
        first.into_iter().chain(others).take(QUOTED).collect()
    }

    fn words(&self) -> String {
        let quoted = self.quoted();
        let words: Vec<&str> = quoted.iter().map(|one| one.words.as_str()).collect();
        let more = match self.0.len() - quoted.len() {
            0 => String::new(),
            rest => format!("; and {rest} more"),
        };
        format!("{}{more}", words.join("; "))
    }

    fn places(&self) -> String {
        self.quoted().into_iter().flat_map(|one| &one.places).map(String::as_str).collect::<Vec<_>>().join(", ")
    }
}

fn subject((client, dial, family): &Kind, service: Option<&str>) -> String {
    let target = service.map_or_else(String::new, |service| format!(" to {service}"));
    let over = family.map_or_else(String::new, |family| format!(" over {family}"));
    format!("calls from `{client}`{target} by {dial}{over}")
}

fn dial(dial: &Dial) -> &'static str {
    match dial {
        Dial::Name(_) => "name",
        Dial::ClusterIp => "clusterIP",
        Dial::PodIp(_) => "podIP",
        Dial::NodePort(_) => "nodePort",
    }
}
