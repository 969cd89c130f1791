//! Tools that go on after their run was killed.

use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::machine::{Machine, NOW};

#[test]
#[expect(clippy::disallowed_methods, reason = "the test plays the run that was killed")]
fn a_tool_that_goes_on_after_its_run_is_killed_with_its_children() {
    // Processes are the whole machine's, so no other test may sweep these two runs.
    let machine = Machine::new();
    machine.dead_run("pqr234", NOW, false, &machine.kind_cluster("pqr234", "dualproof-pqr234"));
    let tool = machine.path("kind");
    std::fs::write(&tool, "/bin/sleep 600 & echo $!; wait").unwrap();
    let start = |cluster: &str| {
        let mut tool = Command::new("/bin/sh")
            .arg(&tool)
            .args(["create", "cluster", "--name", cluster])
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(tool.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (tool, PathBuf::from("/proc").join(line.trim()).join("cmdline"))
    };
    let ((mut ours, our_child), (mut other, other_child)) = (start("dualproof-pqr234"), start("dualproof-stu567"));

    let (code, listed, _) = machine.sweep(&[]);
    assert_eq!(code, 0);
    let things: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(things, ["process", "cluster", "folder"], "the cluster that is being made counts already: {listed}");
    assert!(ours.try_wait().unwrap().is_none(), "listing kills nothing");

    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{told}");
    assert_eq!(ours.wait().unwrap().signal(), Some(9));
    assert!(std::fs::read(our_child).unwrap_or_default().is_empty(), "the child is gone, too");
    assert!(other.try_wait().unwrap().is_none() && !std::fs::read(other_child).unwrap().is_empty());
    let group = rustix::process::Pid::from_raw(i32::try_from(other.id()).unwrap()).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
    other.wait().unwrap();
}

#[test]
fn a_run_that_is_killed_in_the_middle_of_kind_has_written_down_what_it_makes() {
    let machine = Machine::new();
    let run = machine.command("run", &["--mesh", "none"]).wait_with_output().unwrap();
    assert_eq!(run.status.signal(), Some(9), "{}", String::from_utf8_lossy(&run.stderr));
    let id = machine.runs().concat();
    let cluster = format!("dualproof-{id}");
    let seen = std::fs::read_to_string(machine.path("journal-as-kind-saw-it")).unwrap();
    assert!(seen.contains(&format!("run: {id}")) && seen.contains(&format!("name: {cluster}")), "{seen}");

    let (_, listed, _) = machine.sweep(&[]);
    let things: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(things, ["process", "cluster", "folder"], "{listed}");
    let (code, told, _) = machine.sweep(&["--yes"]);
    assert_eq!(code, 0, "{told}");
    assert!(machine.runs().is_empty() && machine.clusters().is_empty(), "{told}");
    assert_eq!(machine.changes(), [format!("delete {cluster}")]);
}
