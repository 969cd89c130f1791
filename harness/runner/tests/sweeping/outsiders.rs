//! Clients outside clusters.

use dualproof_runner::lease::RunFolder;

use super::machine::{HOURS, Machine, dead_with_cluster};

#[test]
fn a_dead_run_s_client_outside_is_listed_and_removed_with_the_rest() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    machine.outside("abc234", HOURS);
    let (code, listed, _) = machine.sweep(&[]);
    let first = listed.lines().next().unwrap_or_default();
    assert_eq!(first, "container  run abc234    3h old  dualproof-abc234-outside: would be removed");
    assert_eq!((code, listed.lines().count(), machine.outsiders().len()), (0, 3, 1));
    let (code, removed, told) = machine.sweep(&["--yes"]);
    assert_eq!((code, removed.lines().count()), (0, 3), "{removed}{told}");
    assert_eq!(machine.outsiders(), [""; 0]);
    assert_eq!(machine.changes(), ["docker rm --force --volumes dualproof-abc234-outside", "delete dualproof-abc234"]);
}

#[test]
fn one_without_folder_and_cluster_is_found_by_its_labels_alone() {
    let machine = Machine::new();
    machine.outside("abc234", HOURS);
    machine.outside("not-a-run", HOURS);
    let (code, removed, told) = machine.sweep(&["--yes"]);
    assert_eq!((code, removed.lines().count()), (0, 1), "{removed}{told}");
    assert_eq!(machine.outsiders(), ["not-a-run"]);
}

#[test]
fn that_of_a_living_run_stays_and_so_does_a_kept_one() {
    let (machine, elsewhere) = (Machine::new(), Machine::new());
    let living = RunFolder::create(&elsewhere.state(), false).unwrap();
    machine.outside(living.id(), HOURS);
    machine.dead_run("def567", HOURS, true, "");
    machine.outside("def567", HOURS);
    let (code, listed, told) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{listed}{told}");
    assert!(listed.lines().all(|line| line.contains("run def567") && line.contains(": kept")), "{listed}");
    assert_eq!(machine.outsiders(), [living.id(), "def567"]);
    assert!(machine.changes().is_empty());
}
