//! Tools that go on after the run that started them was killed.

use std::path::Path;
use std::time::Duration;

use dualproof_driver::context::RunContext;
use dualproof_driver::trouble::chain;
use dualproof_driver::wait::{Progress, until};
use rustix::process::{Pid, Signal, getpgid, kill_process, kill_process_group};

use crate::embedded;

/// How long a killed process may take to disappear.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells whether an embedded cluster serves from a run's folder.
pub(crate) fn serves(folder: &Path) -> bool {
    Process::all().iter().any(|process| process.makes_for(&[folder], None))
}

/// A process and what it was told. Its number alone is nobody's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pid: i32,
    words: Vec<String>,
}

impl Process {
    /// Lists the processes of this machine that may be read (proc(5)); none where there is no `/proc`.
    pub(super) fn all() -> Vec<Self> {
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.map(|pid| Self { pid, words: words(pid) }).filter(|process| !process.words.is_empty()).collect()
    }

    /// Tells whether it is a tool that works for a run: `kind create`, `kind load`, `istioctl install` or `manifest`, with a
    /// file in the run's folder or, where the name is the run's own, with its cluster's name; or an embedded cluster of the run's folder.
    pub(super) fn makes_for(&self, folders: &[&Path], cluster: Option<&str>) -> bool {
        let is_in = |word: &String| folders.iter().any(|folder| Path::new(word).starts_with(folder));
        if self.is_cluster() {
            return self.words.windows(2).any(|pair| pair[0] == "--folder" && is_in(&pair[1]));
        }
        // The tool may be a script: then its interpreter stands before it.
        let name = |word: &String| Path::new(word).file_name().map(|name| name.to_string_lossy().into_owned());
        let tool = self.words.iter().take(2).position(|word| {
            name(word).is_some_and(|name| name == "kind" || name == "istioctl" || name.starts_with("istioctl-"))
        });
        let Some(tool) = tool else { return false };
        let told = &self.words[tool + 1..];
        let is_kind = name(&self.words[tool]).is_some_and(|name| name == "kind");
        let makes = if is_kind {
            matches!(told.first().map(String::as_str), Some("create" | "load"))
        } else {
            told.iter().any(|word| word == "install" || word == "manifest")
        };
        let by_folder = told.iter().any(is_in);
        let by_name = is_kind && told.windows(2).any(|pair| pair[0] == "--name" && cluster == Some(pair[1].as_str()));
        makes && (by_folder || by_name)
    }

    /// Tells whether it is an embedded cluster.
    fn is_cluster(&self) -> bool {
        self.words.get(1..3).is_some_and(|words| words == embedded::WORDS)
    }

    /// Spells it for people: its number, and the first words that it was told.
    pub(super) fn spelled(&self) -> String {
        let words: Vec<&str> = self.words.iter().take(4).map(String::as_str).collect();
        format!("{} ({} ...)", self.pid, words.join(" "))
    }

    /// Kills it and, when it leads a group as every tool of a run does, the group; and waits until it is gone. The leader of a cluster's is its
    /// keeper, which is asked to end instead, because then it is the last to go.
    pub(super) async fn kill(&self, context: &RunContext) -> Result<(), String> {
        let Some(pid) = Pid::from_raw(self.pid).filter(|_| words(self.pid) == self.words) else { return Ok(()) };
        let leads = getpgid(Some(pid)) == Ok(pid);
        let killed = match (leads, self.is_cluster()) {
            (true, true) => embedded::ask_to_end(pid),
            (true, false) => kill_process_group(pid, Signal::KILL),
            (false, _) => kill_process(pid, Signal::KILL),
        };
        match killed {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(std::io::Error::from(error).to_string()),
        }
        until(context, &format!("process {} gone", self.pid), PATIENCE, || async {
            if words(self.pid) == self.words { Progress::NotYet("it is there".to_owned()) } else { Progress::Done(()) }
        })
        .await
        .map_err(|error| chain(&error))
    }
}

/// Reads what a process was told; nothing of one that is gone, ended or another's.
fn words(pid: i32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makes(line: &str) -> bool {
        let process = Process { pid: 1, words: line.split(' ').map(str::to_owned).collect() };
        process.makes_for(&[Path::new("/s/runs/abc234")], Some("dualproof-abc234"))
    }

    #[test]
    fn a_tool_that_makes_something_for_the_run_is_known_by_folder_or_cluster() {
        assert!(makes("kind create cluster --name other --kubeconfig /s/runs/abc234/kubeconfig"));
        assert!(makes("/bin/bash /usr/local/bin/kind create cluster --name dualproof-abc234"));
        assert!(makes("kind load docker-image x:1 --name dualproof-abc234"));
        assert!(makes("target/release/dualproof cluster serve --name x --folder /s/runs/abc234/cluster --nodes 1"));
        assert!(makes("/opt/istioctl-1.30.4 --kubeconfig k install -y -f /s/runs/abc234/istio-operator.yaml"));
    }

    #[test]
    fn nothing_else_is_taken_for_one() {
        for other in [
            "kind create cluster --name dualproof-abc2345",
            "kind create cluster --name dualproof-xyz234 --kubeconfig /s/runs/xyz234/kubeconfig",
            "kind delete cluster --name dualproof-abc234",
            "kubectl --kubeconfig /s/runs/abc234/kubeconfig get pods",
            "vim /s/runs/abc234/kind.yaml",
            "istioctl --kubeconfig /s/runs/abc234/kubeconfig proxy-status",
            "dualproof cluster serve --name dualproof-abc234 --folder /s/runs/abc235/cluster",
            "dualproof cluster status --folder /s/runs/abc234/cluster",
            "docker exec -it dualproof-abc234-control-plane bash",
            "kind create cluster --kubeconfig /s/runs/abc234x/kubeconfig",
        ] {
            assert!(!makes(other), "{other}");
        }
    }
}
