//! What cannot be read, asked or removed is said, and nothing is guessed.

use super::machine::{HOURS, Machine, dead_with_cluster};

#[test]
fn a_journal_that_cannot_be_read_is_reported_and_nothing_is_guessed() {
    for (text, words) in [
        ("", "no journal"),
        ("schema: dualproof.dev/journal/v1\nrun: [", "no journal"),
        (
            "schema: dualproof.dev/journal/v2\nrun: abc234\ntool: '9'\nstarted: 2026-01-01T00:00:00Z\npid: 1\nfolder: /x\nkept: false\nmade: []\n",
            "journal/v2",
        ),
        (
            "schema: dualproof.dev/journal/v1\nrun: xyz789\ntool: '9'\nstarted: 2026-01-01T00:00:00Z\npid: 1\nfolder: /x\nkept: false\nmade: []\n",
            "xyz789",
        ),
        (
            "schema: dualproof.dev/journal/v1\nrun: abc234\ntool: '9'\nstarted: 2026-01-01T00:00:00Z\npid: 1\nfolder: /x\nkept: false\nmade: [{kind: moon}]\n",
            "no journal",
        ),
    ] {
        let machine = Machine::new();
        dead_with_cluster(&machine, "abc234", HOURS, false);
        std::fs::write(machine.run_dir("abc234").join("run.yaml"), text).unwrap();
        assert_eq!(machine.sweep(&[]).0, 0);
        let (code, told, _) = machine.sweep(&["--yes"]);
        assert_eq!(code, 1, "{told}");
        assert!(told.contains(words) && told.contains("rm -r "), "{told}");
        assert!(machine.changes().is_empty(), "the cluster may be a kept one");
        assert_eq!(machine.runs(), ["abc234"]);
    }
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    std::fs::remove_file(machine.run_dir("abc234").join("lease")).unwrap();
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 1);
    assert!(told.contains("its lease cannot be read"), "{told}");
    assert_eq!(machine.runs(), ["abc234"]);
}

#[test]
fn without_docker_clusters_are_not_checked_and_their_journals_stay() {
    let silent = Machine::new();
    std::fs::write(silent.path("docker-is-down"), "").unwrap();
    let absent = Machine::new();
    std::fs::remove_file(absent.path("bin/docker")).unwrap();
    for (machine, words) in
        [(silent, "Cannot connect to the Docker daemon"), (absent, "`docker` was not found on PATH")]
    {
        machine.dead_run("abc234", HOURS, false, &machine.kind_cluster("abc234", "dualproof-abc234"));
        machine.dead_run("def567", HOURS, false, "");
        let (code, told, noted) = machine.sweep(&["--yes"]);
        assert_eq!(code, 1, "{told}");
        assert!(told.contains("not checked, because docker does not say whether it is there: "), "{told}");
        assert!(told.contains(words) && noted.contains(words), "{told}{noted}");
        assert_eq!(machine.runs(), ["abc234"], "a run that made no cluster needs no docker");
    }
}

#[test]
fn without_kind_docker_removes_the_containers() {
    let machine = Machine::new();
    std::fs::remove_file(machine.path("bin/kind")).unwrap();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(machine.changes(), ["docker rm --force --volumes dualproof-abc234-control-plane"]);
    assert!(machine.clusters().is_empty());
}

#[test]
fn a_removal_that_is_under_way_is_waited_for() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    std::fs::write(machine.path("under-way"), "1\n2\n3\n4\n5\n6\n").unwrap();
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{told}");
    let open = std::fs::read_to_string(machine.path("under-way")).unwrap();
    assert_eq!(open, "", "it was asked until nobody was in the way");
    assert!(machine.runs().is_empty());
}

#[test]
fn what_could_not_be_removed_is_said_with_why_and_stays_in_its_journal() {
    let machine = Machine::new();
    dead_with_cluster(&machine, "abc234", HOURS, false);
    dead_with_cluster(&machine, "def567", HOURS, false);
    std::fs::write(machine.path("kind-refuses"), "").unwrap();
    let (code, told, _) = machine.sweep(&["--yes", "--run", "abc234"]);
    assert_eq!(code, 1);
    assert!(told.contains("could not be removed: ") && told.contains("no, says kind"), "{told}");
    assert_eq!(machine.runs(), ["abc234", "def567"]);
    std::fs::remove_file(machine.path("kind-refuses")).unwrap();
    assert_eq!(machine.sweep(&["--yes"]).0, 0);
    assert!(machine.runs().is_empty());
}

#[test]
fn a_cluster_that_does_not_answer_keeps_the_folder_that_names_it() {
    let machine = Machine::new();
    let config = machine.path("config");
    std::fs::write(&config, "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\ncontexts: [{name: staging, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\ncurrent-context: staging\n").unwrap();
    let made = format!(
        "- {{kind: namespaces, kubeconfig: {}, context: staging, selector: dualproof.dev/run=abc234}}",
        config.display()
    );
    machine.dead_run("abc234", HOURS, false, &made);
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 1);
    assert!(told.contains("namespaces on staging: stays: not checked: "), "{told}");
    assert_eq!(machine.runs(), ["abc234"]);
}
