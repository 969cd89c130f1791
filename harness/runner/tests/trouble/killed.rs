//! A run that is killed between two of its records.

use dualproof_dump::bundle::layout;
use dualproof_model::report::Conclusion;
use dualproof_model::verdict::Verdict;
use dualproof_runner::session::judge_bundle;
use dualproof_runner::stage::Stage;

use crate::fake::{Fake, play};

#[test]
fn a_bundle_of_any_moment_can_be_judged_and_says_where_the_run_was() {
    for stage in Stage::ALL.into_iter().filter(|stage| *stage != Stage::Close) {
        let copy = tempfile::tempdir().unwrap();
        let to = copy.path().to_owned();
        // What a kill in this stage leaves: the folder as it is then, with files after the last manifest.
        let played = play(Fake::doing(stage, move |bundle| {
            copy_all(bundle, &to);
            std::fs::create_dir_all(to.join("objects")).unwrap();
            std::fs::write(to.join("objects/deployments.json"), "{\"items\":[").unwrap();
            std::fs::write(to.join(layout::TIMINGS), "{\"sta").unwrap();
        }));
        let report = judge_bundle(copy.path(), &played.rules()).unwrap();
        assert_eq!(report.conclusion, Conclusion::Inconclusive, "{stage}");
        let failure = report.failure.as_ref().unwrap();
        assert_eq!((failure.stage.as_str(), failure.what.as_str()), (stage.as_str(), "the run did not end"));
        let verdicts = |result: &dualproof_model::report::TrialResult| {
            result.verdict == Verdict::Inconclusive || result.check == "K41"
        };
        assert!(!report.results.is_empty() && report.results.iter().all(verdicts), "{stage}");
        for what in ["objects/deployments.json", layout::TIMINGS] {
            let lost = report.missing.iter().find(|missing| missing.what == what).unwrap();
            assert!(lost.why.ends_with("so nothing vouches for it"), "{stage}: {}", lost.why);
        }
    }
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
