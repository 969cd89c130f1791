//! The conformance target from outside: listing, filters, and machines on which no trial can run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A machine with nothing on PATH but what a test puts there.
struct Machine {
    folder: tempfile::TempDir,
}

struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Puts a tool on PATH that runs a line of shell.
    fn with_tool(self, name: &str, does: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    #[expect(clippy::disallowed_methods, reason = "the test starts the program under test")]
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let output = std::process::Command::new(target())
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", self.folder.path())
            .env("HOME", self.folder.path())
            // What is at hand would decide else.
            .env("DUALPROOF_PROVIDER", "kind")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    fn made(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !["docker", "kind"].contains(&name.as_str())).collect()
    }
}

/// The example stands beside the folder of the tests.
fn target() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap().join("examples/conformance");
    assert!(
        target.is_file(),
        "`cargo test` builds it; for one test alone run `cargo build --workspace --examples` first"
    );
    target
}

#[test]
fn listing_prints_every_trial_for_libtest_and_makes_nothing() {
    let machine = Machine::new();
    let ended = machine.run(&["--list", "--format", "terse"], &[("DUALPROOF_MESH_VERSION", "1.31.0")]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stdout.lines().count(), 70, "{}", ended.stdout);
    let name = "seed/dual-stack::K06-outbound-listener-covers-all-vips::kind-1.36.1_istio-1.31.0_v4-v6_1n";
    assert!(ended.stdout.lines().any(|line| line == format!("{name}: test")), "{}", ended.stdout);
    assert!(machine.made().is_empty(), "{:?}", machine.made());

    let exact = machine.run(&["--list", "--exact", name], &[("DUALPROOF_MESH_VERSION", "1.31.0")]);
    assert_eq!(exact.stdout.lines().filter(|line| line.ends_with(": test")).count(), 1, "{}", exact.stdout);
    let filtered = machine.run(&["--list", "K06"], &[("DUALPROOF_MESH_VERSION", "1.31.0")]);
    assert_eq!(filtered.stdout.lines().filter(|line| line.ends_with(": test")).count(), 4, "{}", filtered.stdout);
}

#[test]
fn without_docker_and_kind_every_trial_is_ignored_with_the_reason() {
    let machine = Machine::new();
    let ended = machine.run(&[], &[]);
    assert_eq!(ended.code, 0, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("0 passed; 0 failed; 70 ignored"), "{}", ended.stdout);
    assert!(ended.stderr.contains("every trial is ignored") && ended.stderr.contains("kind"), "{}", ended.stderr);
    assert!(machine.made().is_empty(), "{:?}", machine.made());
}

#[test]
fn without_docker_and_kind_ci_and_require_make_it_an_error() {
    for variable in ["CI", "DUALPROOF_REQUIRE"] {
        let machine = Machine::new();
        let ended = machine.run(&["K06"], &[(variable, "true")]);
        assert_ne!(ended.code, 0, "{variable}");
        assert!(ended.stdout.contains("0 passed; 4 failed"), "{}", ended.stdout);
        assert!(ended.stdout.contains("kind"), "{}", ended.stdout);
        assert!(machine.made().is_empty(), "{:?}", machine.made());
    }
    let off = Machine::new().run(&["K06"], &[("CI", "false")]);
    assert_eq!(off.code, 0, "{}", off.stdout);
}

#[test]
fn a_process_for_each_trial_is_refused_with_a_hint() {
    let machine = Machine::new().with_tool("docker", "echo 28.0.0").with_tool("kind", "echo kind v0.33.0");
    let ended = machine.run(&["K06"], &[("NEXTEST_EXECUTION_MODE", "process-per-test")]);
    assert_ne!(ended.code, 0);
    assert!(ended.stdout.contains("hint: make one with `dualproof run --keep`"), "{}", ended.stdout);
    assert!(machine.made().is_empty(), "{:?}", machine.made());
}

#[test]
fn a_bad_variable_ends_with_2_and_names_it() {
    for (variable, value, words) in [
        ("DUALPROOF_ORDER", "v5", "allowed are `v4,v6` and `v6,v4`"),
        ("DUALPROOF_NODES", "many", "invalid value 'many' for '--nodes <N>'"),
        ("DUALPROOF_CHECK", "K77", "--check `K77` matches nothing"),
    ] {
        let ended = Machine::new().run(&["--list"], &[(variable, value)]);
        assert_eq!(ended.code, 2, "{variable}: {}", ended.stdout);
        assert!(ended.stderr.contains(words), "{variable}: {}", ended.stderr);
    }
}

#[test]
fn one_session_serves_every_trial_and_leaves_one_report() {
    // Docker answers here and kind does not work, so that the session ends at its first stage.
    let machine = Machine::new().with_tool("docker", "echo 28.0.0").with_tool("kind", "echo broken >&2; exit 1");
    let ended = machine.run(&["seed/ipv4"], &[("DUALPROOF_MESH", "none")]);
    assert_eq!(ended.code, 3, "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stderr.matches("error: stage prepare").count(), 1, "{}", ended.stderr);
    assert!(ended.stdout.contains("0 passed; 4 failed"), "{}", ended.stdout);
    assert!(machine.made().contains(&"dualproof-out".to_owned()));
}
