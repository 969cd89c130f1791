//! What is not ours is never touched.

use super::machine::{HOURS, Machine, NOW};

#[test]
fn clusters_of_others_are_never_touched_whatever_they_are_called() {
    let machine = Machine::new();
    machine.cluster("my-cluster", HOURS, Some("dualproof.dev/run=abc234"));
    machine.cluster("dualproof-prod", HOURS, Some("dualproof.dev/run=prod"));
    machine.cluster("dualproof-abc2345", HOURS, Some("dualproof.dev/run=abc2345"));
    // Six letters of an id's alphabet, by chance: the node shows that it is no run's.
    machine.cluster("dualproof-canary", HOURS, Some("team=blue"));
    machine.cluster("dualproof-stagnt", HOURS, Some("dualproof.dev/run=stagnt2"));
    let before = machine.clusters();
    let (code, listed, _) = machine.sweep(&["--yes", "--kept"]);
    assert_eq!((code, listed.as_str()), (0, ""));
    assert!(machine.changes().is_empty());
    assert_eq!(machine.clusters(), before);
}

#[test]
fn a_cluster_whose_folder_is_gone_is_removed_only_when_its_node_shows_the_run() {
    let machine = Machine::new();
    machine.cluster("dualproof-abc234", HOURS, Some("dualproof.dev/run=abc234"));
    machine.cluster("dualproof-xyz789", HOURS, None);
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 1, "what looks like ours and cannot show it is left and said: {told}");
    assert!(told.contains("kind delete cluster --name dualproof-xyz789"), "{told}");
    assert_eq!(machine.changes(), ["delete dualproof-abc234"]);
    assert_eq!(machine.clusters(), ["dualproof-xyz789"]);
}

#[test]
fn a_cluster_that_says_it_is_kept_stays_though_its_folder_is_elsewhere() {
    let machine = Machine::new();
    machine.cluster("dualproof-abc234", HOURS, Some("dualproof.dev/kept=true,dualproof.dev/run=abc234"));
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("kept"), "{told}");
    assert_eq!(machine.clusters(), ["dualproof-abc234"]);
    let (code, told, _) = machine.sweep(&["--yes", "--kept"]);
    assert_eq!(code, 0, "{told}");
    assert!(machine.clusters().is_empty(), "{told}");
}

#[test]
fn a_cluster_with_a_name_of_the_user_s_choice_must_be_shown_to_be_the_run_s() {
    let cases = [
        // Made before the journal asked for it: somebody else's, and the run was killed before it was refused.
        (HOURS, None, true),
        (-NOW, Some("team=blue"), true),
        (-NOW, Some("dualproof.dev/run=xyz789"), true),
        (-NOW, Some("dualproof.dev/run=abc234"), false),
        (-NOW, None, false),
    ];
    for (age, label, stays) in cases {
        let machine = Machine::new();
        machine.dead_run("abc234", HOURS, false, &machine.kind_cluster("abc234", "mine"));
        machine.cluster("mine", age, label);
        let (code, told, _) = machine.sweep(&["--yes"]);
        assert_eq!(code, 0, "{told}");
        assert_eq!(machine.clusters().len(), usize::from(stays), "{age} {label:?}: {told}");
        assert!(machine.runs().is_empty(), "{told}");
    }
}

#[test]
fn what_no_run_made_in_the_state_folder_stays() {
    let machine = Machine::new();
    let runs = machine.state().join("runs");
    std::fs::create_dir(runs.join("thesis-2")).unwrap();
    std::fs::write(runs.join("abc234"), "a file").unwrap();
    std::fs::create_dir(machine.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(machine.path("elsewhere"), runs.join("def567")).unwrap();
    let (code, listed, _) = machine.sweep(&["--yes", "--kept"]);
    assert_eq!((code, listed.as_str()), (0, ""));
    assert_eq!(machine.runs(), ["abc234", "def567", "thesis-2"]);
}
