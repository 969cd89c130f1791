//! The rules that are shipped: scenarios, version profiles, deviations.

use std::collections::BTreeSet;

use dualproof_model::check;
use dualproof_model::spec::{self, EndpointShape, InfraShape, PassthroughShape, Scenario, profile_for};

use crate::run::{path, profiles, read};

fn scenarios() -> Vec<Scenario> {
    let list = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .map(|name| format!("{folder}/{name}"))
            .collect();
        names.sort();
        names
    };
    let areas = list("scenarios").into_iter().filter(|area| path(area).is_dir());
    areas
        .flat_map(|area| list(&area))
        .filter(|file| file.ends_with(".yaml"))
        .map(|file| spec::scenario(&file, &read(&file)).unwrap_or_else(|error| panic!("{error}")))
        .collect()
}

#[test]
fn every_check_that_a_scenario_names_exists_and_every_check_is_named() {
    let mut named = BTreeSet::new();
    for scenario in scenarios() {
        for wanted in &scenario.checks {
            let found = check::find(&wanted.value);
            let found =
                found.unwrap_or_else(|| panic!("{} names {}, which does not exist", scenario.file, wanted.value));
            named.insert(found.key);
        }
    }
    let known: BTreeSet<&str> = check::all().iter().map(|check| check.key).collect();
    assert_eq!(named, known);
}

#[test]
fn every_scenario_deploys_files_that_exist_and_hold_its_names() {
    let mut with_subject = 0;
    for scenario in scenarios() {
        let Some(subject) = &scenario.subject else { continue };
        with_subject += 1;
        let server = read(&subject.server.manifest);
        let service = format!("name: {}", subject.server.service);
        assert!(server.contains("kind: Service\n") && server.contains(&service), "{}: {service}", scenario.file);
        let client = read(&subject.client.manifest);
        assert!(client.contains(&format!("app: {}", subject.client.app)), "{}", scenario.file);
        assert!(client.contains(&format!("name: {}", subject.client.container)), "{}", scenario.file);
        for call in &scenario.calls {
            assert!(server.contains(&format!("port: {}", call.port)), "{}: {}", scenario.file, call.name);
        }
    }
    assert!(with_subject > 0, "no scenario deploys anything");
}

#[test]
fn every_version_from_1_17_on_has_a_profile() {
    let profiles = profiles();
    let has = |version: &str| {
        let version = version.parse().unwrap_or_else(|error| panic!("{error}"));
        profile_for(&profiles, &version).is_some()
    };
    for minor in 17..=32 {
        for patch in ["", ".0", ".1", ".9", ".0-rc.1", ".12-vendor.3"] {
            assert!(has(&format!("1.{minor}{patch}")), "1.{minor}{patch}");
        }
    }
    assert!(has("1.32-alpha.19a2f01bb1b8c7") && has("1.17-alpha.0"));
    assert!(!has("1.16.9") && !has("1.9.0") && !has("0.17.0"));
}

#[test]
fn each_version_has_the_shapes_that_its_releases_show() {
    use EndpointShape::{Merged, Split};
    use InfraShape::{BothFamilies, FirstFamily};
    use PassthroughShape::{PerFamily, Single};
    let profiles = profiles();
    for (version, endpoints, infra, passthrough) in [
        ("1.17.0", Split, FirstFamily, PerFamily),
        ("1.19.9", Split, FirstFamily, PerFamily),
        ("1.20.0", Split, BothFamilies, PerFamily),
        ("1.22.9", Split, BothFamilies, PerFamily),
        ("1.23.0", Split, BothFamilies, Single),
        ("1.24.0", Merged, BothFamilies, Single),
        ("1.25.2", Merged, BothFamilies, Single),
        ("1.26.0", Merged, BothFamilies, Single),
        ("1.31.0-lab", Merged, BothFamilies, Single),
        ("1.32-alpha.19a2f01bb1b8c7", Merged, BothFamilies, Single),
    ] {
        let parsed = version.parse().unwrap_or_else(|error| panic!("{error}"));
        let shapes = profile_for(&profiles, &parsed).map(|profile| profile.shapes);
        let expected = spec::Shapes { endpoints, infra_listeners: infra, inbound_passthrough: passthrough };
        assert_eq!(shapes, Some(expected), "{version}");
    }
}

#[test]
fn every_regression_is_of_its_profile_and_of_a_check_that_exists() {
    let mut known = 0;
    for profile in profiles() {
        for regression in &profile.regressions {
            known += 1;
            assert!(
                check::find(&regression.check).is_some_and(|check| check.key == regression.check),
                "{regression:?}"
            );
            for range in &regression.versions {
                assert!(profile.from <= range.first && range.first <= range.last, "{}: {range:?}", profile.name);
                assert!(profile.until.as_ref().is_none_or(|until| range.last < *until), "{}: {range:?}", profile.name);
            }
        }
    }
    assert!(known > 0, "no released version has a known bug");
}

#[test]
fn every_deviation_is_of_a_scenario_and_a_check_of_it() {
    let file = "scenarios/deviations.yaml";
    let deviations = spec::deviations(file, &read(file)).unwrap_or_else(|error| panic!("{error}"));
    let scenarios = scenarios();
    for deviation in deviations {
        let scenario = scenarios.iter().find(|scenario| scenario.name == deviation.scenario);
        let names = scenario.map_or(&[][..], |scenario| &scenario.checks);
        let named = names.iter().any(|name| check::find(&name.value).is_some_and(|check| check.key == deviation.check));
        assert!(named, "{deviation:?} covers nothing");
    }
}
