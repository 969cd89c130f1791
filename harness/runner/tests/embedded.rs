//! The whole experiment without Docker, by the program itself: real pods, real Envoys, a verdict.
//!
//! Envoy is taken from PATH or fetched once into the build's folder. Where the system forbids namespaces nothing is run, and the reason is
//! printed; with `CI` or `DUALPROOF_REQUIRE` set that is a failure.
#![expect(clippy::unwrap_used, reason = "a test says what broke by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use dualproof_model::family::IpFamily;
use dualproof_model::plan::MeshKind;
use dualproof_model::report::Report;
use dualproof_model::verdict::{Holds, Layer, Verdict};
use dualproof_runner::embedded;
use rustix::process::{Pid, Signal, kill_process};

/// The words of the seed's run.
const SEED: [&str; 5] = ["run", "--provider", "embedded", "--scenario", "seed/*"];

/// A user with a home of their own.
struct User {
    home: tempfile::TempDir,
}

impl User {
    /// Makes one; `None` where embedded clusters cannot be, and nobody insists.
    fn new() -> Option<Self> {
        if let Some(why) = embedded::missing() {
            let insists = ["CI", "DUALPROOF_REQUIRE"].iter().any(|name| std::env::var_os(name).is_some());
            assert!(!insists, "{why}");
            #[expect(clippy::print_stderr, reason = "a test that does not run says so")]
            {
                eprintln!("not run: {why}");
            }
            return None;
        }
        Some(Self { home: tempfile::tempdir().unwrap() })
    }

    #[expect(clippy::disallowed_methods, reason = "the test starts the program under test")]
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dualproof"));
        command
            .args(words)
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("DUALPROOF_STATE", self.home.path().join("state"))
            .env("DUALPROOF_CACHE", env!("CARGO_TARGET_TMPDIR"));
        command
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        let Output { status, stdout, stderr } = self.command(words).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        (status.code().unwrap(), text)
    }

    fn seed(&self, more: &[&str]) -> (i32, String) {
        self.run(&[&SEED[..], more].concat())
    }

    fn report(&self) -> Report {
        let file = self.home.path().join("dualproof-out/report.yaml");
        serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
    }

    /// The processes that work for this user's runs.
    fn processes(&self) -> Vec<String> {
        let entries = std::fs::read_dir("/proc").unwrap().flatten();
        let home = self.home.path().display().to_string();
        let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        lines.filter(|line| line.contains(&home)).collect()
    }
}

#[test]
fn the_seed_conforms_in_both_orders_and_nothing_stays() {
    let Some(user) = User::new() else { return };
    for order in ["v4,v6", "v6,v4"] {
        let (code, said) = user.seed(&["--order", order]);
        assert_eq!(code, 0, "{order}: {said}");
        assert!(said.contains("embedded (istio shapes 1.26+)"), "it never claims to be Istio: {said}");
        assert!(std::fs::read_dir(user.home.path().join("state/runs")).unwrap().next().is_none());
    }
    assert_eq!(user.processes(), Vec::<String>::new());
}

#[test]
fn what_it_has_unlike_recordings_of_istio_has_a_reason_and_no_reason_is_idle() {
    let Some(user) = User::new() else { return };
    for (order, version, recording) in
        [("v4,v6", "1.31.0", "istio-1.31-v4-v6"), ("v6,v4", "1.30.4", "istio-1.30-v6-v4")]
    {
        let (code, said) = user.seed(&["--scenario", "environment/*", "--order", order, "--mesh-version", version]);
        assert_eq!(code, 0, "{order}: {said}");
        let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bundles").join(recording);
        let (_, said) = user.run(&["diff", recorded.to_str().unwrap(), "dualproof-out/bundle", "--out", "diff"]);
        let report = std::fs::read_to_string(user.home.path().join("diff/diff.json")).unwrap();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        // The recordings were made before sockets were read, and without the matrix.
        let in_recordings = |list: &str, word: &str| -> Vec<String> {
            let said = report[list].as_array().into_iter().flatten().map(|one| one[word].as_str().unwrap().to_owned());
            said.filter(|said| !said.starts_with("sockets ") && !said.starts_with("call ")).collect()
        };
        assert_eq!(in_recordings("differences", "what"), Vec::<String>::new(), "{order}: {said}");
        assert_eq!(in_recordings("unused", "place"), Vec::<String>::new(), "{order}: {said}");
        assert!(report["counts"]["alike"].as_u64() > Some(100), "{order}: {said}");
    }
}

#[test]
fn clusters_of_one_family_are_made_and_judged_by_what_they_can_show() {
    let Some(user) = User::new() else { return };
    for (order, own) in [("v4", "seed/ipv4"), ("v6", "seed/ipv6")] {
        let words = ["--order", order, "--scenario", "environment/*", "--nodes", "2"];
        let (code, said) = user.seed(&words);
        assert_eq!(code, 0, "{order}: {said}");
        let report = user.report();
        let scenarios: BTreeSet<&str> = report.results.iter().map(|result| result.scenario.as_str()).collect();
        assert!(scenarios.contains(own) && scenarios.contains("environment/cluster"), "{order}: {scenarios:?}");
        assert!(!scenarios.contains("seed/dual-stack"), "{order}: a cluster of one family says nothing of two");
    }
    assert_eq!(user.processes(), Vec::<String>::new());
}

#[test]
fn a_cluster_that_is_interrupted_before_it_is_there_leaves_nothing() {
    let Some(user) = User::new() else { return };
    let runs = user.home.path().join("state/runs");
    let mut up = user.command(&["cluster", "up", "--nodes", "3"]).stderr(Stdio::piped()).spawn().unwrap();
    // It is written when the cluster's process is there and its nodes are waited for.
    let is_begun = || {
        let mut folders = std::fs::read_dir(&runs).into_iter().flatten().flatten();
        folders.any(|folder| folder.path().join("kubeconfig").exists())
    };
    while !is_begun() {
        assert!(up.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::yield_now();
    }
    let pid = Pid::from_raw(i32::try_from(up.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    let Output { status, stderr, .. } = up.wait_with_output().unwrap();
    assert_eq!(status.code(), Some(130), "{}", String::from_utf8_lossy(&stderr));
    assert_eq!(user.processes(), Vec::<String>::new());
    assert!(std::fs::read_dir(&runs).unwrap().next().is_none());
}

#[test]
fn the_regression_of_1_24_is_red_in_its_listeners_and_mended_in_1_25_3() {
    let Some(user) = User::new() else { return };
    let (code, said) = user.seed(&["--mesh-version", "1.24.2"]);
    assert_eq!(code, 1, "{said}");
    let report = user.report();
    let red = |report: &Report, scenario: &str, check: &str| {
        let mut results = report.results.iter();
        results.any(|result| result.scenario == scenario && result.check == check && result.verdict == Verdict::Fail)
    };
    assert!(red(&report, "seed/dual-stack", "K06"), "{said}");
    assert!(report.diagnoses.iter().all(|diagnosis| diagnosis.layer == Layer::Listener), "{said}");
    let (code, said) = user.seed(&["--mesh-version", "1.25.3"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_run_that_is_killed_takes_its_cluster_along_and_a_kept_one_is_swept() {
    let Some(user) = User::new() else { return };
    let mut run = user.command(&SEED).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    until(&mut run, "workloads  ...");
    run.kill().unwrap();
    run.wait().unwrap();
    // The kernel ends them; the sweep finds none of them and removes the folder.
    let (code, said) = user.run(&["sweep", "--yes"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(user.processes(), Vec::<String>::new(), "{said}");

    let (code, kubeconfig) = user.run(&["cluster", "up", "--mesh", "none"]);
    assert_eq!(code, 0, "{kubeconfig}");
    let (_, status) = user.run(&["cluster", "status"]);
    assert!(status.contains("  runs  "), "{status}");
    let id = status.split(' ').next().unwrap();
    assert!(user.run(&["sweep", "--yes"]).1.contains("kept"), "it stays until it is meant");
    let (code, said) = user.run(&["cluster", "down", id]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(user.processes(), Vec::<String>::new(), "{said}");
    assert!(!Path::new(kubeconfig.lines().next().unwrap()).exists());
}

/// A door before an API server that knows no logs of sidecars: what cannot be had is asked for under another name.
fn without_logs(server: &str) -> String {
    let behind = server.trim_start_matches("http://").to_owned();
    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = door.local_addr().unwrap();
    std::thread::spawn(move || {
        for near in door.incoming().map_while(Result::ok) {
            let far = TcpStream::connect(&behind).unwrap();
            let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || carry(from, to, b"/log?"));
            std::thread::spawn(move || carry(far, near, b""));
        }
    });
    format!("http://{own}")
}

/// Carries bytes until one side ends; a head that asks for a sidecar's log asks for what nobody has.
fn carry(mut from: TcpStream, mut to: TcpStream, log: &[u8]) {
    let mut bytes = [0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        let is_log = !log.is_empty() && bytes[..length].windows(21).any(|part| part == b"container=istio-proxy");
        if is_log && let Some(at) = bytes[..length].windows(log.len().max(1)).position(|part| part == log) {
            bytes[at + 1] = b'L';
        }
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    // Nobody is left to be told.
    drop(to.shutdown(Shutdown::Write));
}

#[test]
fn where_logs_are_refused_calls_are_proven_by_counters_and_the_report_says_so() {
    let Some(user) = User::new() else { return };
    let calls = ["--scenario", "matrix/calls", "--check", "K04"];
    let (code, said) = user.run(&[&["run", "--provider", "embedded", "--keep"][..], &calls].concat());
    assert_eq!(code, 0, "{said}");
    let run = std::fs::read_dir(user.home.path().join("state/runs")).unwrap().next().unwrap().unwrap();
    let kubeconfig = std::fs::read_to_string(run.path().join("kubeconfig")).unwrap();
    let (_, server) = kubeconfig.split_once("\"server\": \"").unwrap();
    let (server, _) = server.split_once('"').unwrap();
    let door = user.home.path().join("door.yaml");
    std::fs::write(&door, kubeconfig.replace(server, &without_logs(server))).unwrap();
    let door =
        ["run", "--provider", "existing", "--mesh", "embedded", "--reuse", "--kubeconfig", door.to_str().unwrap()];
    let as_istio = door.map(|word| if word == "embedded" { "istio" } else { word });
    let (code, said) = user.run(&[&as_istio[..], &["--mesh-version", "1.31.0"], &calls].concat());
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("whose mesh is not Istio") && said.contains("--mesh embedded"), "{said}");
    let (code, said) = user.run(&[&door[..], &calls].concat());
    let report = user.report();
    assert_eq!(report.cell.mesh, MeshKind::Embedded);
    let result = report.results.iter().find(|result| result.check == "K04").unwrap();
    for family in IpFamily::BOTH {
        let mut own = result.findings.iter().filter(|finding| finding.family == Some(family));
        assert!(
            own.any(|finding| finding.holds == Holds::Yes && finding.expected.contains("proof: counters")),
            "{said}"
        );
    }
    assert!(result.findings.iter().all(|finding| finding.holds != Holds::No), "{said}");
    // Passthrough and headless clusters forget their hosts: those calls are not proven.
    assert_eq!((code, result.verdict), (4, Verdict::Inconclusive), "{said}");
    let (code, said) = user.run(&["cluster", "down", run.file_name().to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
}

/// Reads what a run says until it says this.
fn until(run: &mut Child, wanted: &str) {
    let said = BufReader::new(run.stderr.take().unwrap());
    assert!(said.lines().map_while(Result::ok).any(|line| line.starts_with(wanted)), "it ended before `{wanted}`");
}
