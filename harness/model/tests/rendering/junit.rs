//! `junit.xml` as its readers see it.

use std::collections::BTreeSet;

use dualproof_model::report::{Report, junit};
use dualproof_model::verdict::{Holds, Verdict};
use quick_junit::{NonSuccessKind, TestCaseStatus};

use super::reports::{TAIL, all, motley};
use crate::run::trial;

fn rendered(what: &str, report: &Report) -> (String, quick_junit::Report) {
    let xml = junit(report).unwrap_or_else(|error| panic!("{what}: {error}"));
    let read = quick_junit::Report::deserialize_from_str(&xml).unwrap_or_else(|error| panic!("{what}: {error}\n{xml}"));
    (xml, read)
}

/// A reader may turn a line break in an attribute into a space (XML 1.0, section 3.3.3).
fn flat(text: &str) -> String {
    text.replace('\n', " ")
}

/// `Char` of XML 1.0, section 2.2.
fn is_legal(mark: char) -> bool {
    matches!(mark, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[test]
fn it_is_legal_xml_whatever_a_server_replied() {
    for (what, report) in all() {
        let (xml, _) = rendered(what, &report);
        let illegal: Vec<char> = xml.chars().filter(|mark| !is_legal(*mark)).collect();
        assert!(illegal.is_empty(), "{what}: {illegal:?}");
    }
}

#[test]
fn its_counts_are_the_statistics() {
    for (what, report) in all() {
        let (_, read) = rendered(what, &report);
        let count = |verdicts: &[Verdict]| verdicts.iter().map(|verdict| report.statistics[verdict]).sum::<usize>();
        assert_eq!(read.failures, count(&[Verdict::Fail, Verdict::Xpass, Verdict::Flaky]), "{what}");
        assert_eq!(read.errors, count(&[Verdict::Inconclusive, Verdict::InvalidEnvironment]), "{what}");
        assert_eq!(read.skipped, count(&[Verdict::Xfail, Verdict::NotApplicable]), "{what}");
        assert_eq!(read.tests, report.results.len(), "{what}");
        let of_suites = read.test_suites.iter().map(|suite| (suite.tests, suite.failures, suite.errors, suite.skipped));
        let sum = of_suites.fold((0, 0, 0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2, sum.3 + one.3));
        assert_eq!(sum, (read.tests, read.failures, read.errors, read.skipped), "{what}");
    }
}

#[test]
fn a_suite_is_a_scenario_and_a_case_a_trial_with_its_verdict() {
    for (what, report) in all() {
        let (_, read) = rendered(what, &report);
        let scenarios: BTreeSet<&str> = report.results.iter().map(|result| result.scenario.as_str()).collect();
        assert_eq!(read.test_suites.len(), scenarios.len(), "{what}");
        for suite in &read.test_suites {
            let trials = report.results.iter().filter(|result| flat(&result.scenario) == flat(suite.name.as_str()));
            let trials: Vec<_> = trials.collect();
            assert_eq!(suite.test_cases.len(), trials.len(), "{what}: {}", suite.name.as_str());
            for (case, trial) in suite.test_cases.iter().zip(trials) {
                assert_eq!(flat(case.name.as_str()), flat(&trial.name), "{what}");
                match (&case.status, trial.verdict) {
                    (TestCaseStatus::Success { .. }, Verdict::Pass) => {}
                    (TestCaseStatus::Skipped { message, .. }, Verdict::Xfail | Verdict::NotApplicable) => {
                        let message = message.as_ref().map(|text| text.as_str()).unwrap_or_default();
                        assert!(message.starts_with(trial.verdict.as_str()), "{what}: {message}");
                    }
                    (TestCaseStatus::NonSuccess { ty, .. }, _) => {
                        assert_eq!(ty.as_ref().map(|text| text.as_str()), Some(trial.verdict.as_str()), "{what}");
                    }
                    (status, verdict) => panic!("{what}: {verdict} became {status:?}"),
                }
            }
        }
    }
}

#[test]
fn what_is_red_is_told_with_both_sides_and_nothing_is_lost_in_markup() {
    let report = motley().judge();
    let (_, read) = rendered("motley", &report);
    let cases: Vec<_> = read.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    let of = |key: &str| {
        let name = &trial(&report, key).name;
        let case = cases.iter().find(|case| case.name.as_str() == name);
        &case.unwrap_or_else(|| panic!("no case {name}")).status
    };
    for (key, kind) in
        [("S01", NonSuccessKind::Failure), ("K06", NonSuccessKind::Failure), ("K07", NonSuccessKind::Error)]
    {
        let TestCaseStatus::NonSuccess { kind: seen, description, message, .. } = of(key) else {
            panic!("{key} is green")
        };
        assert_eq!(*seen, kind, "{key}");
        assert!(message.as_ref().is_some_and(|text| !text.is_empty()), "{key}");
        let description = description.as_ref().map(|text| text.as_str()).unwrap_or_default();
        let doubtful = trial(&report, key).findings.iter().filter(|finding| finding.holds != Holds::Yes);
        for finding in doubtful {
            assert!(description.contains(&finding.subject), "{key}: {description}");
            assert!(description.contains(&finding.expected), "{key}: {description}");
            assert!(description.contains(&finding.place), "{key}: {description}");
        }
        assert_eq!(description.contains("hello there"), key == "S01");
    }
    let TestCaseStatus::NonSuccess { description, .. } = of("S01") else { panic!("S01 is green") };
    let description = description.as_ref().map(|text| text.as_str()).unwrap_or_default();
    for piece in ["<x a=\"1\"> & 'f' ]]> -->", TAIL] {
        assert!(description.contains(piece), "{piece}: {description}");
    }
    let TestCaseStatus::Skipped { message, .. } = of("K14") else { panic!("K14 is not skipped") };
    let message = message.as_ref().map(|text| text.as_str()).unwrap_or_default();
    for piece in ["i#1", "<x a=\"1\"> & 'f' ]]> -->", TAIL] {
        assert!(message.contains(piece), "{piece}: {message}");
    }
}

#[test]
fn a_run_that_ended_early_says_what_ended_it_in_every_case_without_a_comparison() {
    for (what, report) in all() {
        let Some(failure) = &report.failure else { continue };
        let (_, read) = rendered(what, &report);
        for (case, trial) in read.test_suites.iter().flat_map(|suite| &suite.test_cases).zip(&report.results) {
            let TestCaseStatus::NonSuccess { description, .. } = &case.status else { continue };
            let description = description.as_ref().map(|text| text.as_str()).unwrap_or_default();
            let first_words: String = failure.what.chars().take_while(|mark| *mark != '\r').collect();
            let compared = trial.findings.iter().any(|finding| finding.holds != Holds::Yes);
            assert_eq!(description.contains(&first_words), !compared, "{what}: {description}");
        }
    }
}
