//! An output folder that cannot be written any more.

use std::path::Path;

use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_model::evidence::{Call, FailureKind, Manifest};
use dualproof_model::report::Conclusion;
use dualproof_model::verdict::Verdict;
use dualproof_runner::session::judge_bundle;
use dualproof_runner::stage::Stage;
use rustix::process::{Resource, getrlimit};

use crate::fake::{Fake, play, play_into, play_to_any_end, recorded};

/// Runs this very test once more where no file may be longer than some blocks, as a disk that fills up.
#[expect(clippy::disallowed_methods, reason = "the limit is the process's, so the case has one of its own")]
fn in_a_small_place(test: &str) {
    let script = "trap '' XFSZ; ulimit -f 28; exec \"$0\" --exact \"$1\"";
    let own = std::env::current_exe().unwrap();
    let ended = std::process::Command::new("sh").args(["-c", script]).arg(own).arg(test).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

#[test]
fn files_for_which_there_is_no_room_are_missing_with_the_cause_and_the_rest_is_kept() {
    if getrlimit(Resource::Fsize).current.is_none() {
        let own =
            "trouble::unwritten::files_for_which_there_is_no_room_are_missing_with_the_cause_and_the_rest_is_kept";
        return in_a_small_place(own);
    }
    let played = play(Fake::good());
    let report = &played.report;
    assert_eq!(report.conclusion, Conclusion::Inconclusive);
    assert_eq!(played.fake.ran(), Stage::ALL);
    assert!(report.results.iter().all(|result| result.verdict != Verdict::Fail));
    let dumps: Vec<_> = report.missing.iter().filter(|missing| missing.what.ends_with("config_dump.json")).collect();
    assert_eq!(dumps.len(), 4, "{:?}", report.missing);
    for lost in dumps {
        assert!(lost.why.starts_with("cannot write ") && lost.why.contains("File too large"), "{}", lost.why);
    }
    assert!(report.digests.keys().any(|path| path.ends_with("listeners.json")), "what fits is there");
    let drafts = std::fs::read_dir(played.bundle()).unwrap().map(|entry| entry.unwrap().file_name());
    let drafts: Vec<_> = drafts.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(drafts.is_empty(), "{drafts:?}");
    assert_eq!(judge_bundle(&played.bundle(), &played.rules()).unwrap(), *report);
}

#[test]
fn a_line_for_which_there_is_no_room_is_taken_back_and_those_before_it_stay() {
    if getrlimit(Resource::Fsize).current.is_none() {
        let own = "trouble::unwritten::a_line_for_which_there_is_no_room_is_taken_back_and_those_before_it_stay";
        return in_a_small_place(own);
    }
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::create(folder.path()).unwrap();
    let call = Call { stdout: "hello".repeat(200), ..bundle::read(&recorded()).unwrap().evidence.calls.remove(0) };
    let mut whole = 0;
    while writer.append_line(layout::CALLS, &call).is_ok() {
        whole += 1;
    }
    writer.save(Manifest::default()).unwrap();
    assert!(whole > 1);
    assert_eq!(bundle::read(folder.path()).unwrap().evidence.calls.len(), whole);
    assert!(writer.append_line(layout::CALLS, &call).is_err());
    assert_eq!(bundle::read(folder.path()).unwrap().evidence.calls.len(), whole, "trying again changes nothing");
}

#[test]
fn a_manifest_that_cannot_be_written_ends_the_run_with_the_cause_and_what_was_made_is_removed() {
    for stage in [Stage::Baseline, Stage::Workloads, Stage::Collect] {
        let deed = |bundle: &Path| {
            std::fs::remove_file(bundle.join("bundle.yaml")).unwrap();
            std::fs::create_dir(bundle.join("bundle.yaml")).unwrap();
        };
        let fake = Fake::doing(stage, deed);
        let (ran, report) = play_to_any_end(&fake);
        let error = report.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Inconclusive, "{stage}");
        assert!(error.to_string().starts_with("cannot write ") && error.to_string().contains("directory"), "{error}");
        assert!(!error.hint().is_empty());
        assert_eq!(ran.last(), Some(&Stage::Close), "{stage}: {ran:?}");
        assert!(!ran.contains(&Stage::Calls) || stage == Stage::Collect, "{stage}: nothing runs after it: {ran:?}");
        assert_eq!(fake.diagnosed(), [stage]);
    }
}

#[test]
fn a_folder_that_was_never_ours_is_the_users_to_choose() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "x").unwrap();
    let (ran, report) = play_into(&Fake::good(), folder.path());
    assert_eq!(report.unwrap_err().kind(), FailureKind::InvalidEnvironment);
    assert!(ran.is_empty(), "nothing was made: {ran:?}");
}
