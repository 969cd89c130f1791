//! Runs that live, begin or sweep at the same time.

use std::fs::{File, FileTimes};
use std::time::{Duration, SystemTime};

use dualproof_driver::trouble::Explained;
use dualproof_runner::lease::{Beacon, Journal, Lease, Made, RunFolder};

use super::machine::{HOURS, Machine, dead_with_cluster};

#[test]
fn a_held_lease_protects_folder_and_cluster() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    let lease = File::open(machine.run_dir("abc234").join("lease")).unwrap();
    lease.lock().unwrap();
    for arguments in [&[][..], &["--yes", "--kept"]] {
        let (code, listed, told) = machine.sweep(arguments);
        assert_eq!((code, listed.as_str()), (0, ""));
        assert!(told.contains("run abc234 is alive"), "{told}");
    }
    assert!(machine.changes().is_empty());
    assert_eq!(machine.runs(), ["abc234"]);
    drop(lease);
    assert_eq!(machine.sweep(&["--yes"]).0, 0);
    assert!(machine.runs().is_empty() && machine.clusters().is_empty());
}

#[test]
fn a_run_that_lives_with_another_state_folder_keeps_its_cluster() {
    let (here, elsewhere) = (Machine::new(), Machine::new());
    let run = RunFolder::create(&elsewhere.state(), false).unwrap();
    let name = format!("dualproof-{}", run.id());
    here.cluster(&name, HOURS, Some(&format!("dualproof.dev/run={}", run.id())));
    assert_eq!(here.sweep(&["--yes"]).0, 0);
    assert_eq!(here.clusters(), [name]);
    drop(run);
    assert_eq!(here.sweep(&["--yes"]).0, 0);
    assert!(here.clusters().is_empty(), "with the run its beacon has gone");
}

#[test]
fn a_kept_run_that_is_judged_again_is_left_alone_by_whoever_judges_it() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, true);
    let run = "abc234".parse().unwrap();
    let (first, second) = (Beacon::join(&run).unwrap(), Beacon::join(&run).unwrap());
    assert!(first.is_some() && second.is_some(), "several may judge it at once");
    drop(first);
    let (code, listed, told) = machine.sweep(&["--kept", "--yes"]);
    assert_eq!((code, listed.as_str()), (0, ""));
    assert!(told.contains("run abc234 is alive"), "{told}");
    assert!(machine.changes().is_empty());
    drop(second);
    assert_eq!(machine.sweep(&["--kept", "--yes"]).0, 0);
    assert!(machine.runs().is_empty() && machine.clusters().is_empty());
}

#[test]
fn two_sweeps_at_once_remove_everything_once_and_both_end_well() {
    let machine = Machine::new();
    let runs = ["abc234", "def567", "ghj234", "xyz789"];
    for run in runs {
        dead_with_cluster(&machine, run, HOURS, false);
    }
    let children = [machine.start(&["--yes"]), machine.start(&["--yes"])];
    let outputs = children.map(|child| child.wait_with_output().unwrap());
    let removed: String = outputs.iter().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).collect();
    assert!(outputs.iter().all(|output| output.status.success()), "{removed}");
    for run in runs {
        let lines = removed.lines().filter(|line| line.starts_with("folder") && line.contains(run));
        assert_eq!(lines.count(), 1, "{run}: {removed}");
    }
    assert!(machine.runs().is_empty() && machine.clusters().is_empty());
}

#[test]
fn a_sweep_that_only_looks_does_not_make_another_think_that_the_run_lives() {
    let machine = Machine::new();
    machine.dead_run("abc234", HOURS, false, "");
    let folder = machine.run_dir("abc234");
    let lease = File::open(folder.join("lease")).unwrap();
    lease.lock_shared().unwrap();
    assert!(!Lease::is_held(&folder).unwrap());
    assert!(Lease::take(&folder).unwrap().is_none());
    drop(lease);
    let taken = Lease::take(&folder).unwrap();
    assert!(taken.is_some() && Lease::is_held(&folder).unwrap());
}

#[test]
fn a_folder_that_is_being_made_is_left_alone_and_a_dead_draft_is_not() {
    let machine = Machine::new();
    let draft = machine.state().join("runs/.new-x1");
    std::fs::create_dir(&draft).unwrap();
    assert_eq!(machine.sweep(&["--yes"]).1, "", "a minute belongs to its maker");
    let old = SystemTime::now() - Duration::from_secs(600);
    File::open(&draft).unwrap().set_times(FileTimes::new().set_modified(old)).unwrap();
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0);
    assert!(told.contains(".new-x1: removed"), "{told}");
    assert!(machine.runs().is_empty());
}

#[test]
fn runs_that_begin_while_others_sweep_lose_nothing() {
    let machine = Machine::new();
    std::thread::scope(|scope| {
        let sweeps = scope.spawn(|| (0..10).map(|_| machine.sweep(&["--yes", "--kept"])).collect::<Vec<_>>());
        let mut made = 0;
        while !sweeps.is_finished() {
            let run = RunFolder::create(&machine.state(), false).unwrap();
            run.journal()
                .amend(Made::KindCluster {
                    name: "x".to_owned(),
                    kubeconfig: run.path().join("kubeconfig"),
                    asked: jiff::Timestamp::now(),
                })
                .unwrap();
            let journal = Journal::read(run.path()).unwrap();
            assert_eq!((journal.run.as_str(), journal.made.len()), (run.id(), 1));
            run.remove().unwrap();
            made += 1;
        }
        assert!(made > 0);
        for (code, listed, told) in sweeps.join().unwrap() {
            assert_eq!((code, listed.as_str()), (0, ""), "{told}");
        }
    });
    assert!(machine.runs().is_empty());
}

#[test]
fn a_run_s_folder_is_held_from_its_first_moment_to_its_last_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let run = RunFolder::create(&machine.state(), true).unwrap();
    let id = run.id().parse().unwrap();
    assert!(Lease::is_held(run.path()).unwrap() && Beacon::is_lit(&id));
    assert!(run.journal().is_empty());
    let journal = Journal::read(run.path()).unwrap();
    assert!(journal.kept && journal.folder == run.path() && journal.pid == std::process::id());
    assert_eq!(std::fs::metadata(run.path()).unwrap().permissions().mode() & 0o777, 0o700);
    let folder = run.path().to_owned();
    drop(run);
    assert!(!Lease::is_held(&folder).unwrap() && !Beacon::is_lit(&id));
    assert!(Journal::read(&folder).is_ok(), "what is dropped is left for sweep");
    std::fs::rename(&folder, folder.with_file_name("abc234")).unwrap();
    assert!(!Journal::read(&folder.with_file_name("abc234")).unwrap_err().hint().is_empty());
}
