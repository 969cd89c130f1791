//! `junit.xml`: one suite for each scenario, one case for each trial.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::plain::plain;
use super::{Report, TrialResult};
use crate::verdict::{Holds, Verdict};

/// Renders the report as JUnit XML. Times are left out, so that one bundle always gives the same bytes.
///
/// # Errors
/// Where the XML writer fails, which it does for no report.
pub fn junit(report: &Report) -> Result<String, quick_junit::SerializeError> {
    let mut document = quick_junit::Report::new(format!("dualproof {}", report.cell_name));
    let mut suites: Vec<TestSuite> = Vec::new();
    for result in &report.results {
        let position = suites.iter().position(|suite| suite.name.as_str() == result.scenario);
        let position = position.unwrap_or_else(|| {
            suites.push(TestSuite::new(result.scenario.clone()));
            suites.len() - 1
        });
        suites[position].add_test_case(case(result));
    }
    document.add_test_suites(suites);
    document.to_string()
}

fn case(result: &TrialResult) -> TestCase {
    let status = match result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail | Verdict::Xpass | Verdict::Flaky => failed(NonSuccessKind::Failure, result),
        Verdict::Inconclusive | Verdict::InvalidEnvironment => failed(NonSuccessKind::Error, result),
        Verdict::Xfail | Verdict::NotApplicable => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}: {}", result.verdict, plain(&result.reason)));
            status
        }
    };
    let mut case = TestCase::new(result.name.clone(), status);
    case.set_classname(result.scenario.clone());
    case
}

fn failed(kind: NonSuccessKind, result: &TrialResult) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(result.verdict.as_str());
    status.set_message(plain(&result.reason));
    let broken: Vec<String> = result
        .findings
        .iter()
        .filter(|finding| finding.holds != Holds::Yes)
        .map(|finding| super::text::finding_lines(finding).join("\n"))
        .collect();
    status.set_description(broken.join("\n\n"));
    status
}
