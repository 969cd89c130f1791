//! What is listed, and that exactly this is removed.

use super::machine::{HOURS, Machine, NOW, dead_with_cluster};

#[test]
fn a_dry_run_lists_kind_id_age_place_and_intent_and_changes_nothing() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    for arguments in [&[][..], &["--dry-run"]] {
        let (code, listed, told) = machine.sweep(arguments);
        assert_eq!(code, 0, "{told}");
        let folder = machine.run_dir("abc234");
        let lines: Vec<&str> = listed.lines().collect();
        assert_eq!(
            lines,
            [
                "cluster    run abc234    3h old  dualproof-abc234 (dualproof-abc234-control-plane): would be deleted with its containers",
                &format!("folder     run abc234    3h old  {}: would be removed", folder.display()),
            ]
        );
        assert!(told.contains("nothing was removed: give --yes"), "{told}");
        assert!(machine.changes().is_empty());
        assert_eq!(
            (machine.runs(), machine.clusters()),
            (vec!["abc234".to_owned()], vec!["dualproof-abc234".to_owned()])
        );
    }
}

#[test]
fn yes_removes_exactly_what_is_listed_and_tells_each() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    machine.dead_run("def567", HOURS, false, "");
    machine.cluster("my-cluster", HOURS, Some("dualproof.dev/run=abc234"));
    let (_, listed, _) = machine.sweep(&[]);
    let (code, removed, told) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{removed}{told}");
    let places =
        |text: &str| -> Vec<String> { text.lines().map(|line| line.rsplit_once(": ").unwrap().0.to_owned()).collect() };
    assert_eq!(places(&removed), places(&listed));
    assert_eq!(removed.lines().count(), 3, "{removed}");
    assert!(removed.lines().all(|line| line.ends_with(": removed")), "{removed}");
    assert_eq!(machine.changes(), ["delete dualproof-abc234"]);
    assert_eq!(machine.clusters(), ["my-cluster"]);
    assert!(machine.runs().is_empty());
    let (code, listed, told) = machine.sweep(&["--yes"]);
    assert_eq!((code, listed.as_str()), (0, ""));
    assert!(told.contains("nothing left behind was found"), "{told}");
}

#[test]
fn what_is_kept_is_listed_as_kept_and_removed_only_with_kept() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, true);
    let (code, listed, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0);
    assert_eq!(listed.lines().filter(|line| line.contains(": kept")).count(), 2, "{listed}");
    assert_eq!(machine.runs(), ["abc234"]);
    assert!(machine.changes().is_empty());
    let (code, removed, _) = machine.sweep(&["--yes", "--kept"]);
    assert_eq!(code, 0, "{removed}");
    assert!(machine.runs().is_empty() && machine.clusters().is_empty());
}

#[test]
fn age_and_run_choose() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    dead_with_cluster(&machine, "def567", NOW, false);
    machine.cluster("dualproof-ghj234", NOW, Some("dualproof.dev/run=ghj234"));
    assert_eq!(machine.sweep(&["--age", "4h"]).1, "");
    let (_, listed, _) = machine.sweep(&["--age", "2h"]);
    assert!(listed.lines().count() == 2 && listed.lines().all(|line| line.contains("run abc234")), "{listed}");
    assert_eq!(machine.sweep(&["--yes", "--run", "def567"]).0, 0);
    assert_eq!(machine.runs(), ["abc234"]);
    assert_eq!(machine.sweep(&["--yes", "--age", "2h"]).0, 0);
    assert_eq!(machine.clusters(), ["dualproof-ghj234"]);
}

#[test]
fn bad_input_ends_with_2() {
    let machine = Machine::new();
    for arguments in [&["--age", "soon"][..], &["--run", "../x"], &["--run", "prod"], &["--yes", "--dry-run"]] {
        let (code, _, told) = machine.sweep(arguments);
        assert_eq!(code, 2, "{arguments:?}: {told}");
    }
}
