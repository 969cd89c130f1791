//! One bundle, one report: the judge adds nothing of its own, and order means nothing where it means nothing.

use dualproof_model::evidence::Evidence;
use dualproof_model::family::FamilyOrder;
use dualproof_model::report::{Report, text};
use dualproof_model::verdict::Holds;

use crate::faults;
use crate::lab::World;
use crate::run::Run;

/// A rearrangement of lists whose order means nothing.
type Shuffle = (&'static str, fn(&mut Evidence));

const SHUFFLES: &[Shuffle] = &[
    ("nodes", |evidence| evidence.objects.nodes.reverse()),
    ("services", |evidence| evidence.objects.services.reverse()),
    ("pods", |evidence| evidence.objects.pods.reverse()),
    ("proxies", |evidence| evidence.proxies.reverse()),
    ("calls", |evidence| evidence.calls.reverse()),
    ("questions", |evidence| evidence.dns.reverse()),
    ("sync", |evidence| evidence.sync.iter_mut().for_each(|sync| sync.proxies.reverse())),
    ("endpoints of slices", |evidence| {
        evidence.objects.endpoint_slices.iter_mut().for_each(|slice| slice.endpoints.reverse());
    }),
    ("listeners", |evidence| {
        for proxy in &mut evidence.proxies {
            proxy.listeners.reverse();
            proxy.listener_statuses.reverse();
        }
    }),
    ("clusters", |evidence| evidence.proxies.iter_mut().for_each(|proxy| proxy.clusters.reverse())),
    ("endpoints", |evidence| {
        for proxy in &mut evidence.proxies {
            proxy.endpoints.reverse();
            proxy.endpoints.iter_mut().for_each(|load| load.endpoints.reverse());
        }
    }),
];

/// Green evidence of both orders, and every fault in one of them.
fn runs() -> Vec<(String, Run)> {
    let orders = [FamilyOrder::V4First, FamilyOrder::V6First];
    let green = orders.map(|order| (format!("green {order}"), Run::green(&World::seed(order))));
    let faulty = faults::all().zip(orders.into_iter().cycle()).map(|(mutant, order)| {
        let world = World::seed(order).serving(mutant.service);
        let run = Run::green(&world).with(|run| {
            let manifest = run.evidence.manifest.clone();
            (mutant.mutate)(&mut run.evidence, &world);
            run.evidence.manifest = manifest;
        });
        (format!("{} ({order})", mutant.what), run)
    });
    green.into_iter().chain(faulty).collect()
}

/// The report without the order of findings, and without the words that list what was seen and where: a dump's own order
/// may stand in those, and in which of several findings of one check is the first.
fn unordered(mut report: Report) -> Report {
    for result in &mut report.results {
        for finding in &mut result.findings {
            finding.seen.clear();
            finding.place.clear();
        }
        result.findings.sort_by_key(|finding| format!("{finding:?}"));
    }
    for diagnosis in &mut report.diagnoses {
        let results = report.results.iter().filter(|result| result.scenario == diagnosis.scenario);
        let mut findings = results.filter(|result| result.check == diagnosis.check).flat_map(|result| &result.findings);
        let of_family = findings.find(|finding| finding.family == diagnosis.family && finding.holds == Holds::No);
        diagnosis.finding = of_family.unwrap_or_else(|| panic!("blamed on nothing: {diagnosis:?}")).clone();
    }
    report
}

#[test]
fn the_same_bundle_gives_the_same_report() {
    for (what, run) in runs() {
        assert_eq!(run.judge(), run.clone().judge(), "{what}");
    }
}

#[test]
fn the_order_of_proxies_changes_not_one_word() {
    for (what, run) in runs() {
        let before = run.judge();
        let turned = run.with(|run| run.evidence.proxies.reverse()).judge();
        assert_eq!(turned, before, "{what}");
    }
}

#[test]
fn order_means_nothing_where_it_means_nothing() {
    let mut wrong = Vec::new();
    for (what, run) in runs() {
        let before = unordered(run.judge());
        for (list, shuffle) in SHUFFLES {
            let after = unordered(run.clone().with(|run| shuffle(&mut run.evidence)).judge());
            if after != before {
                let (before, after) = (text(&before), text(&after));
                wrong.push(format!("{what}: {list} turned around\n{before}\nbecomes\n{after}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong.first().map_or("", String::as_str));
}
