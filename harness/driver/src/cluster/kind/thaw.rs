//! Thawing what a killed node left frozen.
//!
//! On cgroup v1 the node's container runtime freezes a pod's processes for a moment while it starts or stops them. A node that is
//! killed in that moment cannot die: a frozen process does not take its SIGKILL, and `docker rm --force` waits for ever. (Seen
//! once in some thirty kills. On cgroup v2 a frozen process can be killed.)

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dualproof_model::plan::Timeouts;

use super::KindTools;
use crate::context::{RunContext, WaitLog};
use crate::wait::{Progress, until};

/// Where cgroup v1 keeps its freezers; nothing is there on cgroup v2.
const FREEZERS: &str = "/sys/fs/cgroup/freezer";

impl KindTools {
    /// Drives the removal of a kind cluster, and beside it thaws the processes of the cluster's own containers that keep it from
    /// ending. Where this user may not thaw them, the removal runs into its own deadline, as it would without us.
    pub async fn thawing<T>(&self, context: &RunContext, cluster: &str, removal: impl Future<Output = T>) -> T {
        let containers = self.containers(context, cluster).await;
        let limit = Timeouts::of(context.timeouts.cleanup);
        // What is done beside a wait is not one more wait in the record.
        let unrecorded = RunContext { waits: WaitLog::default(), ..context.clone() };
        let thaw = until(&unrecorded, "nothing frozen", limit, || async {
            for container in &containers {
                let _ = thaw(Path::new(FREEZERS), container);
            }
            Progress::<()>::NotYet("looking for frozen processes".to_owned())
        });
        let mut removal = std::pin::pin!(removal);
        tokio::select! {
            biased;
            removed = &mut removal => removed,
            _ = thaw => removal.await,
        }
    }

    /// Lists the ids of a cluster's containers; empty where nothing can be frozen, or Docker does not say.
    async fn containers(&self, context: &RunContext, cluster: &str) -> Vec<String> {
        if !Path::new(FREEZERS).is_dir() {
            return Vec::new();
        }
        let label = format!("label=io.x-k8s.kind.cluster={cluster}");
        let list = ["ps", "--all", "--quiet", "--no-trunc", "--filter", &label];
        let output = self.docker(context, &list, Timeouts::of(context.timeouts.tool)).await;
        output.map(|output| output.text().lines().map(str::to_owned).collect()).unwrap_or_default()
    }
}

/// Thaws every frozen group below a container's own, innermost first; returns those that it wrote to. A container without groups
/// has nothing frozen, which is no error.
fn thaw(freezers: &Path, container: &str) -> io::Result<Vec<PathBuf>> {
    let by_docker = freezers.join("docker").join(container);
    let by_systemd = freezers.join("system.slice").join(format!("docker-{container}.scope"));
    let mut thawed = Vec::new();
    for group in [by_docker, by_systemd] {
        if group.is_dir() {
            thaw_below(&group, &mut thawed)?;
        }
    }
    Ok(thawed)
}

fn thaw_below(group: &Path, thawed: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            // A group may go away while it is looked at.
            let _ = thaw_below(&entry.path(), thawed);
        }
    }
    let state = group.join("freezer.state");
    if fs::read_to_string(&state)?.trim() == "FROZEN" {
        fs::write(&state, "THAWED")?;
        thawed.push(group.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(root: &Path, path: &str, state: &str) -> io::Result<PathBuf> {
        let group = root.join(path);
        fs::create_dir_all(&group)?;
        fs::write(group.join("freezer.state"), format!("{state}\n"))?;
        Ok(group)
    }

    #[test]
    fn what_is_frozen_below_the_container_is_thawed_and_nothing_else() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        for base in ["docker/one", "system.slice/docker-one.scope"] {
            group(root.path(), base, "THAWED")?;
            let inner = group(root.path(), &format!("{base}/kubelet/pod/container"), "FROZEN")?;
            group(root.path(), &format!("{base}/kubelet/pod"), "THAWED")?;
            group(root.path(), &format!("{base}/kubelet"), "THAWED")?;
            let other = group(root.path(), "docker/other", "FROZEN")?;
            assert_eq!(thaw(root.path(), "one")?, [inner]);
            assert_eq!(fs::read_to_string(other.join("freezer.state"))?.trim(), "FROZEN");
            assert!(thaw(root.path(), "one")?.is_empty(), "once is enough");
        }
        Ok(())
    }

    #[test]
    fn a_container_without_groups_has_nothing_frozen() -> io::Result<()> {
        let root = tempfile::tempdir()?;
        assert!(thaw(root.path(), "gone")?.is_empty());
        Ok(())
    }
}
