//! Known reasons why kind fails, and what to do about each.
//!
//! kind's own words often miss the cause: a kubelet that refuses to start is only in the node's journal.

use dualproof_model::plan::Timeouts;

use super::KindTools;
use crate::context::RunContext;
use crate::tool::{self, Invocation, ToolError};

/// How many lines of the kubelet's journal are looked at.
const LINES: &str = "200";

/// A reason and its cure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reason {
    /// The line that gives it away; empty when none did.
    pub(super) line: String,
    /// What to do; empty when the reason is unknown.
    pub(super) cure: String,
}

/// Words that give a reason away, and the cure.
const KNOWN: &[(&str, &str)] = &[
    (
        "configured to not run on a host using cgroup v1",
        "this machine has cgroup v1, which kubelets from 1.35 refuse: boot it with cgroup v2, or choose Kubernetes 1.34",
    ),
    (
        "failed to get IPv6 address for node",
        "the docker network `kind` has no IPv6: `docker network rm kind` when no cluster uses it, then again",
    ),
    (
        "too many open files",
        "raise the inotify limits: `sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`",
    ),
    (
        "inotify_init",
        "raise the inotify limits: `sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`",
    ),
    ("no space left on device", "make room on the disk that docker uses: `docker system df`"),
    ("ip6tables", "load the kernel's IPv6 filter for docker: `modprobe ip6_tables`"),
    ("failed to pull image", "pull the node image by hand to see why it cannot be had"),
];

/// Finds the first known reason in what kind and the node said; each text is looked at line by line.
pub(super) fn known(texts: &[&str]) -> Option<Reason> {
    KNOWN.iter().find_map(|(words, cure)| {
        let mut lines = texts.iter().flat_map(|text| text.lines());
        let line = lines.find(|line| line.contains(words))?;
        Some(Reason { line: line.trim().to_owned(), cure: (*cure).to_owned() })
    })
}

/// Asks the control plane's node why it does not run. Nothing that fails here is worth an error: it is advice.
pub(super) async fn ask_node(tools: &KindTools, context: &RunContext, name: &str, error: &ToolError) -> Reason {
    let said = error.to_string();
    if let Some(reason) = known(&[&said]) {
        return reason;
    }
    let node = format!("{name}-control-plane");
    let limit = Timeouts::of(context.timeouts.tool);
    let journal = ["exec", &node, "journalctl", "--unit", "kubelet", "--no-pager", "--output", "cat", "--lines", LINES];
    let journal = tools.docker(context, &journal, limit).await.map(|output| output.text()).unwrap_or_default();
    let log = Invocation::new(&tools.docker, limit).args(["logs", "--tail", LINES, &node]).unchecked();
    let log = tool::run(&log, &context.cancel).await;
    let log = log.map(|output| output.text() + &output.error_text()).unwrap_or_default();
    known(&[&journal, &log]).unwrap_or_else(|| Reason {
        // Of a reason that nobody knows yet, the words with which the kubelet ended are the best that there is.
        line: last_words(&journal).unwrap_or_default(),
        cure: String::new(),
    })
}

/// Finds the line with which the kubelet last gave up (`E1124 … "command failed" err="…"`). Its other errors are the daily
/// noise of a start.
fn last_words(journal: &str) -> Option<String> {
    journal.lines().rev().find(|line| line.contains("command failed")).map(|line| line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_found_in_whichever_text_has_it() {
        let journal = "I1124 20:00:00 start\nE1124 20:00:01 run.go:72] \"command failed\" err=\"kubelet is configured to not \
                       run on a host using cgroup v1. cgroup v1 support is unsupported\"\n";
        let reason = known(&["ERROR: failed to create cluster: failed to init node", journal]).unwrap_or_default();
        assert!(reason.line.starts_with("E1124 20:00:01"), "{}", reason.line);
        assert!(reason.cure.contains("cgroup v2"), "{}", reason.cure);
        let kind = "ERROR: failed to create cluster: failed to get IPv6 address for node x; is docker configured to use IPv6 correctly?";
        assert!(known(&[kind, ""]).unwrap_or_default().cure.contains("docker network rm kind"));
        assert_eq!(known(&["ERROR: something new", ""]), None);
    }

    #[test]
    fn without_a_known_reason_the_kubelets_last_words_count() {
        let journal =
            "E1124 \"command failed\" err=\"one\"\nE1124 \"command failed\" err=\"two\"\nE1124 PLEG is not healthy\n";
        assert_eq!(last_words(journal).as_deref(), Some("E1124 \"command failed\" err=\"two\""));
        assert_eq!(last_words("E1124 PLEG is not healthy\n"), None);
    }
}
