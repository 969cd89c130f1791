//! A machine whose kind and Docker are scripts over a file of containers, and whose state folder is written by hand.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use jiff::{SignedDuration, Timestamp};

/// The age of what was made just now.
pub(crate) const NOW: SignedDuration = SignedDuration::from_secs(1);

/// The age of what was made some hours ago.
pub(crate) const HOURS: SignedDuration = SignedDuration::from_hours(3);

const DOCKER: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
cd "${0%/*}/.."
[ -e docker-is-down ] && { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case "$1" in
ps)
  case "$*" in
  *--quiet*label=dualproof.dev/run=*) all="$*"; run=${all##*dualproof.dev/run=}; sed -n "s/^${run%% *}|\([^|]*\)|.*/\1/p" beside ;;
  *label=dualproof.dev/run*) cat beside ;;
  *) cat containers ;;
  esac ;;
rm)
  echo "docker $*" >> changes
  for file in beside containers; do
    for name in "$@"; do grep -v "|$name|" "$file" > "$file.$$"; mv "$file.$$" "$file"; done
  done ;;
cp) cat "nodes/${2%%:*}" ;;
version) echo 28.0.0 ;;
network) echo true ;;
image | images | info) ;;
*) echo "docker $*" >> changes ;;
esac
"#;

const KIND: &str = r#"#!/bin/sh
PATH=/usr/bin:/bin
cd "${0%/*}/.."
case "$1 $2" in
"version ") echo "kind v0.33.0 go1.26.8 linux/amd64" ;;
"get clusters") ;;
"create cluster")
  # The run dies at this moment, and kind goes on.
  cp "${9%/*}/run.yaml" journal-as-kind-saw-it
  echo "$5|$5-control-plane|$(date -u '+%Y-%m-%d %H:%M:%S +0000 UTC')" >> containers
  kill -9 "$PPID"
  sleep 600 ;;
"delete cluster")
  echo "delete $4" >> changes
  # Somebody else is removing it for as many calls as the file has lines.
  [ -s under-way ] && { sed -i 1d under-way; echo "removal of container x is already in progress" >&2; exit 1; }
  [ -e kind-refuses ] && { echo "no, says kind" >&2; exit 1; }
  grep -v "^$4|" containers > "containers.$$"
  mv "containers.$$" containers ;;
*) exit 9 ;;
esac
"#;

pub(crate) struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["bin", "nodes", "state/runs"] {
            std::fs::create_dir_all(machine.path(folder)).unwrap();
        }
        std::fs::write(machine.path("containers"), "").unwrap();
        std::fs::write(machine.path("beside"), "").unwrap();
        for (name, text) in [("bin/docker", DOCKER), ("bin/kind", KIND)] {
            std::fs::write(machine.path(name), text).unwrap();
            std::fs::set_permissions(machine.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub(crate) fn run_dir(&self, run: &str) -> PathBuf {
        self.state().join("runs").join(run)
    }

    /// Starts a sweep and does not wait for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> std::process::Child {
        self.command("sweep", arguments)
    }

    /// Starts the program.
    #[expect(clippy::disallowed_methods, reason = "the test starts the program under test")]
    pub(crate) fn command(&self, command: &str, arguments: &[&str]) -> std::process::Child {
        std::process::Command::new(env!("CARGO_BIN_EXE_dualproof"))
            .arg(command)
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", self.path("bin"))
            .env("HOME", self.folder.path())
            .env("DUALPROOF_STATE", self.state())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Sweeps: exit code, standard output, standard error.
    pub(crate) fn sweep(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.start(arguments).wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (status.code().unwrap(), text(stdout), text(stderr))
    }

    /// Writes what a run of ours writes: folder, lease, journal.
    pub(crate) fn dead_run(&self, run: &str, age: SignedDuration, kept: bool, made: &str) {
        let folder = self.run_dir(run);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("lease"), "").unwrap();
        std::fs::write(folder.join("kubeconfig"), "secret").unwrap();
        let started = Timestamp::now().checked_sub(age).unwrap();
        let made = if made.is_empty() { " []".to_owned() } else { format!("\n{made}") };
        let journal = format!(
            "schema: dualproof.dev/journal/v1\nrun: {run}\ntool: 0.1.0\nstarted: {started}\npid: 1\nfolder: {}\nkept: {kept}\nmade:{made}\n",
            folder.display()
        );
        std::fs::write(folder.join("run.yaml"), journal).unwrap();
    }

    /// Spells the journal's entry of a kind cluster, asked for just now.
    pub(crate) fn kind_cluster(&self, run: &str, name: &str) -> String {
        let (kubeconfig, asked) = (self.run_dir(run).join("kubeconfig"), Timestamp::now());
        format!("- {{kind: kindCluster, name: {name}, kubeconfig: {}, asked: {asked}}}", kubeconfig.display())
    }

    /// Adds a cluster of one node, made some time ago; `label` is the run that its node was to carry, `None` when kind had
    /// not come so far.
    pub(crate) fn cluster(&self, name: &str, age: SignedDuration, label: Option<&str>) {
        let created = Timestamp::now().checked_sub(age).unwrap().strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string();
        let mut containers = std::fs::read_to_string(self.path("containers")).unwrap();
        containers.push_str(&format!("{name}|{name}-control-plane|{created}\n"));
        std::fs::write(self.path("containers"), containers).unwrap();
        if let Some(label) = label {
            let config = format!("kubeletExtraArgs:\n- name: node-labels\n  value: {label}\n");
            std::fs::write(self.path("nodes").join(format!("{name}-control-plane")), config).unwrap();
        }
    }

    /// Puts a client outside the cluster of a run.
    pub(crate) fn outside(&self, run: &str, age: SignedDuration) {
        let created = Timestamp::now().checked_sub(age).unwrap().strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string();
        let mut beside = std::fs::read_to_string(self.path("beside")).unwrap();
        beside.push_str(&format!("{run}|dualproof-{run}-outside|{created}\n"));
        std::fs::write(self.path("beside"), beside).unwrap();
    }

    /// Lists whose clients outside are there.
    pub(crate) fn outsiders(&self) -> Vec<String> {
        let beside = std::fs::read_to_string(self.path("beside")).unwrap();
        beside.lines().filter_map(|line| Some(line.split_once('|')?.0.to_owned())).collect()
    }

    /// Lists the clusters that are there.
    pub(crate) fn clusters(&self) -> Vec<String> {
        let containers = std::fs::read_to_string(self.path("containers")).unwrap();
        containers.lines().filter_map(|line| Some(line.split_once('|')?.0.to_owned())).collect()
    }

    /// Lists what the tools were told to change, in order, each once.
    pub(crate) fn changes(&self) -> Vec<String> {
        let mut lines: Vec<String> =
            std::fs::read_to_string(self.path("changes")).unwrap_or_default().lines().map(str::to_owned).collect();
        lines.dedup();
        lines
    }

    /// Lists the names in the folder of runs, sorted.
    pub(crate) fn runs(&self) -> Vec<String> {
        names(&self.state().join("runs"))
    }
}

/// A dead run with its cluster.
pub(crate) fn dead_with_cluster(machine: &Machine, run: &str, age: SignedDuration, kept: bool) {
    let cluster = format!("dualproof-{run}");
    machine.dead_run(run, age, kept, &machine.kind_cluster(run, &cluster));
    machine.cluster(&cluster, age, Some(&format!("dualproof.dev/run={run}")));
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
