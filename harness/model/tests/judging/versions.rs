//! Which version the evidence is held against.

use dualproof_model::check;
use dualproof_model::evidence::Evidence;
use dualproof_model::family::{FamilyOrder, listener_name};
use dualproof_model::plan::MeshKind;
use dualproof_model::report::{Conclusion, text};
use dualproof_model::spec::Shapes;
use dualproof_model::verdict::{Holds, Verdict};

use crate::lab::matrix::not_of_calls;
use crate::lab::{CLIENT, MERGED, OLD, World, ip, listener, socket};
use crate::run::{Run, trial};

fn of_cell(run: &mut Run, version: &str) {
    let parsed = version.parse().unwrap_or_else(|error| panic!("{error}"));
    run.evidence.manifest.cell.mesh_version = Some(parsed);
}

/// What istio/istio#55577 did to a Service that is IPv6 first.
fn regress(evidence: &mut Evidence) {
    let v4 = socket(ip("10.96.0.50"), 9000);
    let listener = listener(evidence, CLIENT, 9000);
    (listener.addresses, listener.name) = (vec![v4, v4], listener_name(v4.ip, 9000));
}

#[test]
fn healthy_evidence_of_each_version_conforms_and_that_of_another_does_not() {
    let early = Shapes { infra_listeners: MERGED.infra_listeners, ..OLD };
    let between = Shapes { endpoints: OLD.endpoints, ..MERGED };
    let cases = [("1.17.0", OLD), ("1.19.9", OLD), ("1.22.9", early), ("1.23.6", between), ("1.24.0", MERGED)];
    for order in [FamilyOrder::V4First, FamilyOrder::V6First] {
        for (version, shapes) in cases {
            for (_, seen) in cases {
                let report = Run::green(&World { shapes: seen, ..World::seed(order) }).at(version).judge();
                let expected = if seen == shapes { Conclusion::Conforms } else { Conclusion::DoesNotConform };
                assert_eq!(report.conclusion, expected, "{version} with {seen:?}: {}", report.reason);
            }
        }
    }
}

#[test]
fn the_control_plane_knows_its_version_better_than_the_cell() {
    // The evidence has the shapes of 1.24 and later.
    let cases = [
        (Some("1.31.0-lab"), Some("1.17.0"), "1.31.0-lab", "1.26+", Verdict::Pass),
        (Some("1.23.6"), Some("1.31.0"), "1.23.6", "1.23", Verdict::Fail),
        (Some("1.25.2-vendor.1"), None, "1.25.2-vendor.1", "1.24-1.25", Verdict::Pass),
        (None, Some("1.31.0"), "1.31.0", "1.26+", Verdict::Pass),
        (None, Some("1.23.6"), "1.23.6", "1.23", Verdict::Fail),
    ];
    for (live, cell, version, profile, verdict) in cases {
        let run = Run::green(&World::seed(FamilyOrder::V4First)).with(|run| {
            run.evidence.manifest.versions.control_plane = live.map(str::to_owned);
            if let Some(cell) = cell {
                of_cell(run, cell);
            }
        });
        let report = run.judge();
        let seen = (report.implementation.version.as_str(), report.implementation.version_profile.as_str());
        assert_eq!(seen, (version, profile), "live {live:?}, cell {cell:?}");
        let groups = trial(&report, "K11");
        assert_eq!(groups.verdict, verdict, "live {live:?}, cell {cell:?}: {}", groups.reason);
    }
}

#[test]
fn a_version_that_nobody_knows_is_never_passed() {
    // The cell's own version fits well, and must not stand in for what the control plane said.
    let cases = [
        (None, None, "unknown"),
        (Some("1.16.9"), Some("1.31.0"), "1.16.9"),
        (Some("1.0"), None, "1.0"),
        (Some("0.8.1"), None, "0.8.1"),
        (Some("unknown"), Some("1.31.0"), "unknown"),
        (Some(""), Some("1.31.0"), "unknown"),
        (Some("1.30.4, 1.31.0"), Some("1.31.0"), "1.30.4, 1.31.0"),
    ];
    for (live, cell, named) in cases {
        let run = Run::green(&World::seed(FamilyOrder::V4First)).with(|run| {
            run.evidence.manifest.versions.control_plane = live.map(str::to_owned);
            if let Some(cell) = cell {
                of_cell(run, cell);
            }
        });
        let report = run.judge();
        assert_eq!(report.conclusion, Conclusion::Inconclusive, "live {live:?}: {}", report.reason);
        assert_eq!(report.implementation.version_profile, "none", "live {live:?}");
        for check in not_of_calls() {
            let trial = trial(&report, check.key);
            let expected = if check.needs_mesh { Verdict::Inconclusive } else { Verdict::Pass };
            assert_eq!(trial.verdict, expected, "live {live:?}, {}: {}", check.key, trial.reason);
            if check.needs_mesh {
                assert!(trial.reason.contains(named), "live {live:?}, {}: {}", check.key, trial.reason);
            }
        }
    }
}

#[test]
fn without_a_mesh_the_cluster_is_judged_and_the_mesh_is_not() {
    let run = Run::green(&World::seed(FamilyOrder::V6First)).with(|run| {
        let evidence = &mut run.evidence;
        evidence.manifest.cell.mesh = MeshKind::None;
        evidence.manifest.versions.control_plane = None;
        (evidence.proxies, evidence.sync) = (Vec::new(), None);
        evidence.objects.pods.iter_mut().for_each(|pod| pod.containers.retain(|name| !name.starts_with("istio-")));
    });
    let needless = |key: &str| check::find(key).is_some_and(|check| !check.needs_mesh);
    let keys: Vec<&str> = not_of_calls().map(|check| check.key).filter(|key| needless(key)).collect();
    let report = run.clone().only(&keys).judge();
    assert_eq!(report.conclusion, Conclusion::Conforms, "{}", report.reason);
    assert_eq!(report.results.len(), keys.len());
    assert!(report.results.iter().all(|trial| trial.verdict == Verdict::Pass), "{:#?}", report.results);
    assert_eq!((report.implementation.mesh.as_str(), report.implementation.version_profile.as_str()), ("none", "none"));

    // A broken cluster is as red without a mesh.
    let broken = run.clone().only(&keys).with(|run| run.evidence.objects.endpoint_slices.truncate(1)).judge();
    assert_eq!(trial(&broken, "K43").verdict, Verdict::Fail);
    // Whoever selects a check of the mesh all the same gets no pass for it.
    for trial in run.judge().results.iter().filter(|trial| !needless(&trial.check)) {
        assert_eq!(trial.verdict, Verdict::Inconclusive, "{}", trial.name);
    }
}

#[test]
fn an_embedded_mesh_is_judged_by_its_shapes_and_is_never_called_istio() {
    let run = Run::green(&World::seed(FamilyOrder::V6First)).at("1.31.0-embedded");
    let report = run.with(|run| run.evidence.manifest.cell.mesh = MeshKind::Embedded).judge();
    assert_eq!(report.conclusion, Conclusion::Conforms, "{}", report.reason);
    assert_eq!(report.implementation.version_profile, "1.26+");
    let text = text(&report);
    assert!(text.contains("embedded (istio shapes 1.26+): "), "{text}");
    assert!(!text.contains("istio 1.") && !report.cell_name.contains("istio"), "{text}");
}

#[test]
fn the_regression_of_1_24_and_1_25_is_named_in_its_versions_alone() {
    for (version, is_bad) in [
        ("1.24.0", true),
        ("1.24.5", true),
        ("1.24.5-vendor.1", true),
        ("1.25.0", true),
        ("1.25.2", true),
        ("1.23.6", false),
        ("1.24.6", false),
        ("1.25.3", false),
        ("1.26.0", false),
        ("1.31.0-lab", false),
    ] {
        let run = Run::green(&World::seed(FamilyOrder::V4First)).at(version);
        let report = run.clone().with(|run| regress(&mut run.evidence)).judge();
        for key in ["K06", "K07"] {
            let trial = trial(&report, key);
            assert_eq!(trial.verdict, Verdict::Fail, "{key} at {version}: a known bug is red all the same");
            let cure = check::find(key).map(|check| check.cure).unwrap_or_default();
            for finding in &trial.findings {
                let names = finding.next.contains("istio/istio#55577");
                assert_eq!(names, is_bad && finding.holds == Holds::No, "{key} at {version}: {finding:?}");
                assert_eq!(finding.next.contains(cure), finding.holds == Holds::No, "{key} at {version}: {finding:?}");
            }
        }
        // A fault that other checks see is not put down to the regression.
        let other = run.with(|run| run.evidence.proxies[0].redirect.iter_mut().for_each(|log| log.inbound_ipv6 = None));
        let other = other.with(|run| run.evidence.proxies[1].clusters.iter_mut().for_each(|c| c.bind_sources.clear()));
        let report = other.judge();
        let broken = trial(&report, "K14").findings.iter().filter(|finding| finding.holds == Holds::No);
        assert!(broken.clone().count() > 0, "{version}");
        assert!(broken.into_iter().all(|finding| !finding.next.contains("#55577")), "{version}");
    }
}
