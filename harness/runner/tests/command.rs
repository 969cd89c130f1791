//! The program from outside: what it prints, leaves and ends with, on a machine without any tool.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

use dualproof_model::report::{Conclusion, Report};

/// A machine of its own: no tool on PATH, no settings, empty folders.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        // What is at hand would decide else.
        self.run_with(arguments, |command| {
            command.env("DUALPROOF_PROVIDER", "kind");
        })
    }

    #[expect(clippy::disallowed_methods, reason = "the test starts the program under test")]
    fn run_with(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dualproof"));
        command.args(arguments).current_dir(self.path()).env_clear().env("PATH", self.path()).env("HOME", self.path());
        change(&mut command);
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn entries(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn report(&self) -> Report {
        serde_yaml::from_str(&std::fs::read_to_string(self.path().join("dualproof-out/report.yaml")).unwrap()).unwrap()
    }

    fn scenarios(&self, text: &str) {
        let area = self.path().join("scenarios/seed");
        std::fs::create_dir_all(&area).unwrap();
        std::fs::write(area.join("x.yaml"), text).unwrap();
    }
}

fn bundle(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/bundles").join(name).display().to_string()
}

#[test]
fn listing_prints_names_and_makes_nothing() {
    let machine = Machine::new();
    let (code, stdout, _) =
        machine.run(&["list", "--mesh-version", "1.31.0-lab", "--order", "v6,v4", "--check", "K06"]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{stdout}");
    assert!(lines.contains(&"seed/ipv6::K06-outbound-listener-covers-all-vips::kind-1.36.1_istio-1.31.0-lab_v6-v4_1n"));
    assert!(machine.entries().is_empty(), "{:?}", machine.entries());
}

#[test]
fn without_kind_the_cluster_is_embedded_and_never_called_istio() {
    let machine = Machine::new();
    let (code, stdout, _) = machine.run_with(&["list", "--check", "K06", "--scenario", "seed/ipv6"], |_| {});
    assert_eq!(
        (code, stdout.trim()),
        (0, "seed/ipv6::K06-outbound-listener-covers-all-vips::embedded_embedded-1.31.0_v4-v6_1n")
    );
    let (code, _, stderr) = machine.run_with(&["list", "--mesh", "istio"], |_| {});
    assert_eq!(code, 2);
    assert!(stderr.contains("--mesh istio on --provider embedded"), "{stderr}");
}

#[test]
fn several_orders_and_versions_make_the_product_of_cells() {
    let machine = Machine::new();
    let product = ["--order", "v4,v6", "--order", "v6,v4", "--mesh-version", "1.30.4", "--mesh-version", "1.31.0"];
    let (code, stdout, stderr) = machine.run(&[&["list", "--check", "K41"][..], &product].concat());
    assert_eq!(code, 0, "{stderr}");
    let cells: Vec<&str> = stdout.lines().filter_map(|line| line.rsplit("::").next()).collect();
    assert_eq!(
        cells,
        [
            "kind-1.36.1_istio-1.30.4_v4-v6_1n",
            "kind-1.36.1_istio-1.31.0_v4-v6_1n",
            "kind-1.36.1_istio-1.30.4_v6-v4_1n",
            "kind-1.36.1_istio-1.31.0_v6-v4_1n",
        ]
    );
}

#[test]
fn several_cells_end_with_the_worst_and_one_report_of_all() {
    let machine = Machine::new();
    let (code, _, stderr) = machine.run(&["run", "--mesh", "none", "--order", "v4,v6", "--order", "v6,v4"]);
    assert_eq!(code, 3, "{stderr}");
    let text = std::fs::read_to_string(machine.path().join("dualproof-out/report.yaml")).unwrap();
    let list: serde_json::Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(list["kind"], "ConformanceReportList");
    let cells: Vec<&str> =
        list["items"].as_array().unwrap().iter().map(|item| item["cellName"].as_str().unwrap()).collect();
    assert_eq!(cells, ["kind-1.36.1_none_v4-v6_1n", "kind-1.36.1_none_v6-v4_1n"]);
    for cell in cells {
        assert!(machine.path().join("dualproof-out").join(cell).join("bundle/bundle.yaml").is_file(), "{cell}");
    }
}

#[test]
fn the_report_of_all_cells_lies_where_the_settings_file_says() {
    let machine = Machine::new();
    std::fs::write(machine.path().join("s.yaml"), "out: elsewhere\norder: ['v4,v6', 'v6,v4']\nmesh: none\n").unwrap();
    let (code, _, stderr) = machine.run(&["run", "--settings", "s.yaml"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(machine.path().join("elsewhere/report.yaml").is_file());
    assert!(!machine.path().join("dualproof-out").exists());
}

#[test]
fn planning_says_what_is_deployed_run_and_skipped_and_why() {
    let machine = Machine::new();
    let (code, stdout, _) = machine.run(&["plan", "--mesh", "none", "--scenario", "seed/ipv4"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("deploy samples/tcp-echo/tcp-echo-ipv4.yaml into ipv4"), "{stdout}");
    assert!(!stdout.contains("into ipv6"), "{stdout}");
    assert!(stdout.contains("K06-outbound-listener-covers-all-vips::kind-1.36.1_none_v4-v6_1n: it looks at a mesh, and the cell has none"), "{stdout}");
    assert!(machine.entries().is_empty());
}

#[test]
fn a_plan_of_nothing_ends_with_6_and_makes_nothing() {
    let machine = Machine::new();
    let (code, _, stderr) = machine.run(&["run", "--mesh", "none", "--check", "K06"]);
    assert_eq!(code, 6, "{stderr}");
    assert!(stderr.contains("hint: dualproof plan says why"), "{stderr}");
    assert!(machine.entries().is_empty());
}

#[test]
fn bad_settings_end_with_2_name_the_value_and_leave_a_report() {
    for (arguments, words) in [
        (["--order", "v5"], "allowed are `v4,v6` and `v6,v4`"),
        (["--order", "v4"], "--order v4 on --provider kind: only embedded clusters"),
        (["--provider", "minikube"], "allowed are kind, existing"),
        (["--mesh", "linkerd"], "allowed are istio, none"),
        (["--mesh-version", "newest"], "`newest` is not a version"),
        (["--profile", "every"], "allowed are core, extended, all"),
        (["--nodes", "0"], "allowed are 1 to 9"),
        (["--order", "v4,v6;v4,v6"], "--order `v4,v6` is given twice"),
        (["--repeat", "0"], "allowed are 1 to 10000"),
        (["--jobs", "0"], "allowed are 1 to 16"),
        (["--check", "K77"], "--check `K77` matches nothing"),
        (["--settings", "absent.yaml"], "cannot read the settings file absent.yaml"),
        (["--scenarios", "absent"], "cannot read absent"),
    ] {
        let machine = Machine::new();
        let (code, _, stderr) = machine.run(&["run", arguments[0], arguments[1]]);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(words), "{arguments:?}: {stderr}");
        assert!(stderr.contains("hint: "), "{stderr}");
        let report = machine.report();
        assert_eq!(report.conclusion, Conclusion::BadInput);
        assert!(report.failure.unwrap().what.contains(words));
        assert_eq!(machine.entries(), ["dualproof-out"], "only the report is left");
    }
}

#[test]
fn cells_at_once_each_need_a_cluster_of_their_own() {
    for shared in [["--provider", "existing"], ["--cluster-name", "one"]] {
        let machine = Machine::new();
        let (code, _, stderr) = machine.run(&["run", "--jobs", "2", shared[0], shared[1]]);
        assert_eq!(code, 2, "{stderr}");
        assert!(stderr.contains("--jobs above 1 needs a kind cluster for each cell"), "{stderr}");
    }
}

#[test]
fn cells_at_once_are_each_told_by_name_and_reported_in_their_order() {
    let machine = Machine::new();
    // Refused before anything is made, which is as far as cells come without a cluster.
    let arguments = ["run", "--jobs", "2", "--order", "v6,v4;v4,v6", "--mesh-overlay", "absent.yaml"];
    let (code, _, stderr) = machine.run(&arguments);
    assert_eq!(code, 2, "{stderr}");
    let begun = |order: &str| stderr.lines().any(|line| line.contains(&format!("_{order}_1n: run ")));
    assert!(begun("v4-v6") && begun("v6-v4"), "{stderr}");
    let list = std::fs::read_to_string(machine.folder.path().join("dualproof-out/summary.md")).unwrap();
    let (first, second) = (list.find("_v6-v4_").unwrap(), list.find("_v4-v6_").unwrap());
    assert!(first < second, "{list}");
}

#[test]
fn settings_that_only_a_driver_can_judge_end_with_2_before_anything_is_made() {
    for (arguments, words) in [
        (["--cluster-name", "My_Cluster"], "My_Cluster"),
        (["--kubernetes", "newest"], "expected three numbers such as 1.36.1"),
        (["--mesh-set", "novalue"], "is not key=value"),
        (["--mesh-overlay", "absent.yaml"], "cannot read the mesh overlay absent.yaml"),
    ] {
        let machine = Machine::new();
        let (code, _, stderr) = machine.run(&["run", arguments[0], arguments[1]]);
        assert_eq!(code, 2, "{arguments:?}: {stderr}");
        assert!(stderr.contains(words) && stderr.contains("hint: "), "{arguments:?}: {stderr}");
        let report = machine.report();
        assert_eq!(report.conclusion, Conclusion::BadInput);
        assert_eq!(report.failure.unwrap().stage, "prepare");
    }
}

#[test]
fn a_cluster_that_is_not_there_is_named_with_what_is() {
    let machine = Machine::new();
    let (code, _, stderr) = machine.run(&["run", "--provider", "existing", "--mesh", "none"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("cannot read the kubeconfig") && stderr.contains("hint: "), "{stderr}");

    let config = "apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\ncontexts: [{name: staging, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\ncurrent-context: staging\n";
    std::fs::write(machine.path().join("config"), config).unwrap();
    let existing = ["run", "--provider", "existing", "--mesh", "none", "--kubeconfig", "config"];
    let (code, _, stderr) = machine.run(&[&existing[..], &["--context", "prod"]].concat());
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("no context `prod`; it has staging"), "{stderr}");
    let (code, _, stderr) = machine.run(&existing);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("`staging` does not answer"), "{stderr}");
}

#[test]
fn a_settings_file_is_strict_and_flags_win_over_it() {
    let machine = Machine::new();
    std::fs::write(machine.path().join("s.yaml"), "order: ['v6,v4']\nmesh: none\ntimeouts: {call: 20}\n").unwrap();
    let (code, stdout, _) =
        machine.run(&["list", "--settings", "s.yaml", "--mesh", "istio", "--mesh-version", "1.30.0"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("istio-1.30.0_v6-v4"), "{stdout}");

    std::fs::write(machine.path().join("s.yaml"), "order: ['v6,v4']\nmesch: none\n").unwrap();
    let (code, _, stderr) = machine.run(&["list", "--settings", "s.yaml"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("s.yaml:2:1: unknown key `mesch`"), "{stderr}");
}

#[test]
fn a_typo_in_a_scenario_ends_with_2_at_its_line_and_leaves_a_report() {
    let machine = Machine::new();
    machine.scenarios("title: t\ncheks: [K41]\n");
    let (code, _, stderr) = machine.run(&["run", "--scenarios", "scenarios"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("scenarios/seed/x.yaml:2:1: unknown key `cheks`"), "{stderr}");
    assert_eq!(machine.report().conclusion, Conclusion::BadInput);

    machine.scenarios("title: t\nchecks: [K41, K88]\n");
    let (code, _, stderr) = machine.run(&["plan", "--scenarios", "scenarios"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("unknown check `K88`"), "{stderr}");
}

#[test]
fn without_docker_a_run_ends_with_3_says_what_is_missing_and_leaves_nothing_but_the_report() {
    let machine = Machine::new();
    let (code, stdout, stderr) = machine.run(&["run", "--mesh", "none"]);
    assert_eq!(code, 3, "{stderr}");
    assert!(stderr.contains("docker") || stderr.contains("kind"), "{stderr}");
    assert!(stderr.contains("hint: "), "{stderr}");
    assert!(stdout.contains("invalid environment"), "{stdout}");
    let report = machine.report();
    assert_eq!(report.conclusion, Conclusion::InvalidEnvironment);
    assert_eq!(report.failure.unwrap().stage, "prepare");
    assert!(report.results.iter().all(|result| !result.verdict.is_good()));
    let runs = machine.path().join(".local/state/dualproof/runs");
    assert_eq!(std::fs::read_dir(runs).unwrap().count(), 0, "the private folder is gone");
    for file in ["report.yaml", "report.json", "junit.xml", "summary.md", "bundle/bundle.yaml"] {
        assert!(machine.path().join("dualproof-out").join(file).is_file(), "{file}");
    }
}

#[test]
fn an_output_folder_that_holds_something_else_is_left_alone() {
    let machine = Machine::new();
    let theirs = machine.path().join("dualproof-out/bundle/thesis.txt");
    std::fs::create_dir_all(theirs.parent().unwrap()).unwrap();
    std::fs::write(&theirs, "years of work").unwrap();
    let (code, _, _) = machine.run(&["run", "--mesh", "none"]);
    assert_eq!(code, 3);
    assert_eq!(std::fs::read_to_string(theirs).unwrap(), "years of work");
    assert!(machine.report().failure.unwrap().what.contains("thesis.txt"));
}

#[test]
fn explaining_a_check_says_why_it_exists_and_what_to_do() {
    let machine = Machine::new();
    let (code, all, _) = machine.run(&["explain"]);
    assert_eq!(code, 0);
    for key in all.lines().filter_map(|line| line.split(' ').next()) {
        let (code, text, _) = machine.run(&["explain", key]);
        assert_eq!(code, 0);
        let after = |heading: &str| {
            let from = text.find(heading).unwrap() + heading.len();
            text[from..].trim_start().lines().next().unwrap().trim().to_owned()
        };
        assert!(after("why it exists").len() > 40, "{text}");
        assert!(after("what to do when it is red").len() > 40, "{text}");
    }
    let (code, _, stderr) = machine.run(&["explain", "K1000"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("hint: dualproof explain lists every check"), "{stderr}");
}

#[test]
fn judging_a_recorded_bundle_twice_gives_the_same_bytes_and_needs_no_tool() {
    let machine = Machine::new();
    for name in ["istio-1.31-v4-v6", "istio-1.30-v6-v4", "istio-1.31-v6-v4", "embedded-1.31-v4-v6"] {
        let read = |out: &str, file: &str| std::fs::read(machine.path().join(out).join(file)).unwrap();
        for out in ["one", "two"] {
            let (code, stdout, stderr) = machine.run(&["judge", &bundle(name), "--out", out]);
            assert_eq!(code, 0, "{stdout}{stderr}");
        }
        for file in ["report.yaml", "report.json", "junit.xml", "summary.md"] {
            assert_eq!(read("one", file), read("two", file), "{file}");
        }
        let (code, _, _) = machine.run(&["judge", &bundle(name), "--rules", "current"]);
        assert_eq!(code, 0);
    }
}

#[test]
fn an_exported_image_is_the_same_each_time_and_its_digests_are_printed() {
    let machine = Machine::new();
    let (code, stdout, stderr) = machine.run(&["image", "export", "one.tar"]);
    assert_eq!(code, 0, "{stderr}");
    let (code, again, _) = machine.run(&["image", "export", "two.tar"]);
    assert_eq!((code, &again), (0, &stdout));
    let bytes = |name: &str| std::fs::read(machine.path().join(name)).unwrap();
    assert!(bytes("one.tar") == bytes("two.tar"), "the archives differ");
    assert_eq!(machine.entries(), ["one.tar", "two.tar"]);

    let mut members = std::collections::BTreeMap::new();
    for entry in tar::Archive::new(bytes("one.tar").as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut text).unwrap();
        members.insert(entry.path().unwrap().display().to_string(), text);
    }
    let index: serde_json::Value = serde_json::from_slice(&members["index.json"]).unwrap();
    let docker: serde_json::Value = serde_json::from_slice(&members["manifest.json"]).unwrap();
    let config = docker[0]["Config"].as_str().unwrap().trim_start_matches("blobs/sha256/");
    let (name, manifest) =
        (docker[0]["RepoTags"][0].as_str().unwrap(), index["manifests"][0]["digest"].as_str().unwrap());
    assert_eq!(stdout, format!("image {name}\nconfig sha256:{config}\nmanifest {manifest}\n"));
    for tool in
        ["skopeo copy --preserve-digests oci-archive:one.tar", "docker load --input one.tar", "crane push one.tar"]
    {
        assert!(stderr.contains(tool), "{stderr}");
    }
}

#[test]
fn exporting_replaces_nothing_without_force_and_says_what_it_cannot_write() {
    let machine = Machine::new();
    std::fs::write(machine.path().join("there.tar"), "somebody's").unwrap();
    std::fs::create_dir(machine.path().join("folder")).unwrap();
    for (file, words) in [
        ("there.tar", "there.tar is there already"),
        ("folder", "folder is no regular file"),
        ("absent/agent.tar", "cannot write the image to absent/agent.tar: "),
    ] {
        let (code, stdout, stderr) = machine.run(&["image", "export", file]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(words) && stderr.contains("hint: "), "{stderr}");
    }
    assert_eq!(std::fs::read_to_string(machine.path().join("there.tar")).unwrap(), "somebody's");
    let (code, _, stderr) = machine.run(&["image", "export", "there.tar", "--force"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(std::fs::metadata(machine.path().join("there.tar")).unwrap().len() > 1000);
    assert_eq!(machine.entries(), ["folder", "there.tar"]);
}

#[test]
fn a_bundle_that_cannot_be_read_ends_with_2_and_a_hint() {
    let machine = Machine::new();
    let (code, _, stderr) = machine.run(&["judge", "absent"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("absent") && stderr.contains("hint: "), "{stderr}");

    let half = machine.path().join("half");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("bundle.yaml"), "schema: dualproof.dev/bundle/v1\ntool: {na").unwrap();
    let (code, _, stderr) = machine.run(&["judge", "half"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("bundle.yaml") && stderr.contains("hint: "), "{stderr}");
}

#[test]
fn several_bundles_are_judged_together_and_say_why_they_have_no_common_verdict() {
    let machine = Machine::new();
    let (one, other) = (bundle("istio-1.31-v4-v6"), bundle("istio-1.30-v6-v4"));
    let (code, stdout, stderr) = machine.run(&["judge", &one, &other, "--out", "both"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("not-applicable across::K16-family-order-matrix::"), "{stdout}");
    let list: serde_yaml::Value =
        serde_yaml::from_str(&std::fs::read_to_string(machine.path().join("both/report.yaml")).unwrap()).unwrap();
    assert_eq!(list["items"].as_sequence().map(Vec::len), Some(2));
    assert_eq!(list["across"][0]["check"].as_str(), Some("K16"));
    let summary = std::fs::read_to_string(machine.path().join("both/summary.md")).unwrap();
    assert!(summary.contains("over all cells"), "{summary}");
    let (code, stdout, _) = machine.run(&["explain", "k16"]);
    assert!(code == 0 && stdout.contains("istio/istio#55577"), "{stdout}");
}

#[test]
fn a_bundle_is_like_itself_and_two_meshes_are_not() {
    let machine = Machine::new();
    let (one, other) = (bundle("istio-1.31-v4-v6"), bundle("istio-1.30-v6-v4"));
    let (code, stdout, stderr) = machine.run(&["diff", &one, &one]);
    assert!(code == 0 && stdout.contains("conforms: all "), "{stdout}{stderr}");
    let (code, stdout, stderr) = machine.run(&["diff", &one, &other, "--out", "d"]);
    assert!(code == 1 && stdout.contains("things are not alike"), "{stdout}{stderr}");
    let written = std::fs::read_to_string(machine.path().join("d/diff.yaml")).unwrap();
    assert!(written.contains("kind: EvidenceDifference") && machine.path().join("d/diff.json").exists(), "{written}");
    let (code, _, stderr) = machine.run(&["diff", &one, "nowhere"]);
    assert!(code == 2 && stderr.contains("hint: "), "{stderr}");
}

#[test]
fn what_two_kinds_of_mesh_never_have_alike_has_a_reason_in_the_rules() {
    let machine = Machine::new();
    let (istio, embedded) = (bundle("istio-1.31-v4-v6"), bundle("embedded-1.31-v4-v6"));
    let diff = |rules: &[&str]| {
        let (code, stdout, stderr) = machine.run(&[&["diff", &istio, &embedded, "--out", "d"], rules].concat());
        (code, stdout, stderr)
    };
    let has = |list: &serde_yaml::Value, thing: &str| {
        list.as_sequence().is_some_and(|list| list.iter().any(|one| one.as_str() == Some(thing)))
    };
    let (code, stdout, stderr) = diff(&[]);
    assert_eq!(code, 1, "the bundles are of other scenarios: {stdout}{stderr}");
    let written = || -> serde_yaml::Value {
        serde_yaml::from_str(&std::fs::read_to_string(machine.path().join("d/diff.yaml")).unwrap()).unwrap()
    };
    let report = written();
    let explained = report["explained"].as_sequence().unwrap();
    let agent = "cluster xds-grpc of pod sleep/sleep#0";
    let by: Vec<_> = explained.iter().filter(|reason| has(&reason["things"], agent)).collect();
    assert_eq!(by.len(), 1, "{stdout}");
    assert!(stdout.contains(by[0]["reason"].as_str().unwrap()), "{stdout}");
    let lost = "unlike: listener service dual-stack/tcp-echo over IPv6 port 9000 of pod sleep/sleep#0\n";
    assert!(stdout.contains(lost) && !stdout.contains(agent), "{stdout}");

    // A folder has its own reasons, or none.
    machine.scenarios("title: t\nchecks: [K41]\n");
    let (code, stdout, stderr) = diff(&["--rules", "scenarios"]);
    assert!(code == 1 && stdout.contains(lost) && stdout.contains(agent), "{stdout}{stderr}");
    let file = machine.path().join("scenarios/differences.yaml");
    std::fs::write(file, "differences:\n- {between: [istio, embedded], reason: r, where: [{part: cluster}]}\n")
        .unwrap();
    let (code, _, stderr) = diff(&["--rules", "scenarios"]);
    assert!(code == 2 && stderr.contains("scenarios/differences.yaml:2:") && stderr.contains("hint: "), "{stderr}");
}
