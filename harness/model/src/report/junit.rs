//! `junit.xml`: one suite for each scenario, one case for each trial.

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::plain::plain;
use super::{Report, TrialResult};
use crate::evidence::Failure;
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
        suites[position].add_test_case(case(result, report.failure.as_ref()));
    }
    document.add_test_suites(suites);
    document.to_string()
}

fn case(result: &TrialResult, ended: Option<&Failure>) -> TestCase {
    let status = match result.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail | Verdict::Xpass | Verdict::Flaky => failed(NonSuccessKind::Failure, result, ended),
        Verdict::Inconclusive | Verdict::InvalidEnvironment => failed(NonSuccessKind::Error, result, ended),
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

/// Says why: the comparisons that do not hold, or, where there are none, what ended the run.
fn failed(kind: NonSuccessKind, result: &TrialResult, ended: Option<&Failure>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(result.verdict.as_str());
    status.set_message(plain(&result.reason));
    let mut said: Vec<String> = result
        .findings
        .iter()
        .filter(|finding| finding.holds != Holds::Yes)
        .map(|finding| super::text::finding_lines(finding).join("\n"))
        .collect();
    if let Some(failure) = ended.filter(|_| said.is_empty()) {
        said.push(plain(&failure.what));
        said.extend(Some(&failure.hint).filter(|hint| !hint.is_empty()).map(|hint| format!("hint: {}", plain(hint))));
    }
    status.set_description(said.join("\n\n"));
    status
}
