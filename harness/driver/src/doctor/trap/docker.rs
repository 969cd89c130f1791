//! Docker: absent, down, rootless, full, without the node image, without IPv6 in kind's network.

use std::io;

use dualproof_model::plan::Timeouts;
use serde::Deserialize;

use super::{Seen, Trap};
use crate::cluster::{ClusterError, KindSettings};
use crate::context::RunContext;
use crate::doctor::Machine;
use crate::doctor::machine::ask_disk;
use crate::tool::ToolError;
use crate::trouble::{Explained, chain};

/// Docker's client is not there.
pub(super) const ABSENT: Trap = Trap {
    id: "docker-absent",
    title: "Docker is not installed",
    why: "kind runs every node as a container; without Docker there is no cluster",
};

/// Docker's daemon does not answer.
pub(super) const DOWN: Trap = Trap {
    id: "docker-down",
    title: "Docker's daemon does not answer",
    why: "kind fails, or hangs until the budget of the cluster's creation is spent",
};

/// Docker runs without root. kind refuses it without cgroup v2 and without delegated controllers
/// (kubernetes-sigs/kind `pkg/cluster/internal/create/create.go`, `validateProvider`), and wants the kernel modules for NAT of both
/// families loaded (<https://kind.sigs.k8s.io/docs/user/rootless/>).
pub(super) const ROOTLESS: Trap = Trap {
    id: "docker-rootless",
    title: "Docker runs without root",
    why: "kind needs cgroup v2 with delegated controllers, and ip6table_nat loaded, or IPv6 is lost in the nodes",
};

/// The disk that holds Docker's data is nearly full. The kubelet of a node evicts pods when its disk is
/// (<https://kind.sigs.k8s.io/docs/user/known-issues/#failing-to-properly-start-cluster>).
pub(super) const DISK_LOW: Trap = Trap {
    id: "docker-disk-low",
    title: "Docker's disk is nearly full",
    why: "images do not unpack, or the kubelet evicts pods, and it looks as if the mesh were slow",
};

/// The node image has to be pulled.
pub(super) const NODE_IMAGE_ABSENT: Trap = Trap {
    id: "node-image-absent",
    title: "The node image is not on this machine",
    why: "it is pulled first, which takes its time, and fails without a network",
};

/// The network that kind uses has no IPv6. kind takes a network of that name as it is, and fails with `failed to get IPv6
/// address for node` (kubernetes-sigs/kind `pkg/cluster/internal/providers/docker/network.go`, `ensureNetwork`).
pub(super) const NETWORK_WITHOUT_IPV6: Trap = Trap {
    id: "kind-network-without-ipv6",
    title: "Docker's network `kind` has no IPv6",
    why: "kind uses a network that is there as it is, so no node gets an IPv6 address",
};

const GIB: u64 = 1 << 30;

/// Below this much no node image (about 1 GiB, unpacked as much again) with the mesh's images fits.
const DISK_NEEDED: u64 = 4 * GIB;

/// Below this much a few clusters fill the disk, and the kubelet, which counts in parts of the disk, may evict.
const DISK_WANTED: u64 = 10 * GIB;

/// What came of looking at Docker.
pub(in crate::doctor) struct Docker {
    /// The traps.
    pub(in crate::doctor) seen: Vec<Seen>,
    /// The daemon answers.
    pub(in crate::doctor) answers: bool,
    /// Its containers run on this machine's kernel, as far as is known.
    pub(in crate::doctor) here: bool,
    /// The cgroup version that containers get, `1` or `2`; `None` when it is not known.
    pub(in crate::doctor) cgroup: Option<String>,
}

/// What `docker info` says; what an old daemon leaves out counts as well.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Info {
    docker_root_dir: String,
    security_options: Option<Vec<String>>,
    cgroup_version: String,
    kernel_version: String,
    memory_limit: Option<bool>,
    pids_limit: Option<bool>,
    #[serde(rename = "CPUShares")]
    cpu_shares: Option<bool>,
}

/// Looks at Docker and at what kind needs of it.
pub(in crate::doctor) async fn look(context: &RunContext, machine: &Machine, settings: &KindSettings) -> Docker {
    let tools = &machine.tools;
    let (version, info, network, image) = tokio::join!(
        tools.docker_version(context),
        info(context, machine),
        tools.check_network(context),
        node_image(context, machine, settings),
    );
    if let Err(error) = version {
        return Docker { seen: vec![silent(&error)], answers: false, here: true, cgroup: None };
    }
    let mut seen = Vec::new();
    seen.extend(network.err().map(|error| match error {
        ClusterError::NetworkWithoutIpv6 => NETWORK_WITHOUT_IPV6.blocks(error.to_string(), error.hint()),
        _ => NETWORK_WITHOUT_IPV6.unsure(chain(&error), "docker network inspect kind"),
    }));
    seen.extend(image);
    let info = match info {
        Ok(info) => info,
        Err(why) => {
            seen.push(DISK_LOW.unsure(why, "docker info"));
            return Docker { seen, answers: true, here: true, cgroup: None };
        }
    };
    seen.extend(rootless(&info));
    // Docker Desktop and a remote DOCKER_HOST have a kernel and a disk of their own.
    let kernel = machine.text("proc/sys/kernel/osrelease");
    let here = kernel.is_none_or(|kernel| info.kernel_version.is_empty() || kernel.trim() == info.kernel_version);
    if here {
        seen.extend(disk(context, machine, &info).await);
    }
    Docker { seen, answers: true, here, cgroup: Some(info.cgroup_version).filter(|version| !version.is_empty()) }
}

fn silent(error: &ClusterError) -> Seen {
    match error {
        ClusterError::Tool { source: ToolError::NotFound { .. }, .. } => ABSENT.blocks(
            chain(error),
            "install Docker (https://docs.docker.com/engine/install/), or a distribution's own: `sudo apt-get install docker.io`",
        ),
        _ => DOWN.blocks(
            chain(error),
            "start Docker: `sudo systemctl start docker`; if it runs, let this user use it: `sudo usermod -aG docker $USER`, and log in again",
        ),
    }
}

async fn info(context: &RunContext, machine: &Machine) -> Result<Info, String> {
    let limit = Timeouts::of(context.timeouts.tool);
    let output = machine.tools.docker(context, &["info", "--format", "{{json .}}"], limit).await;
    let output = output.map_err(|error| chain(&error))?;
    serde_json::from_slice(&output.stdout).map_err(|error| format!("docker info says no JSON ({error})"))
}

async fn node_image(context: &RunContext, machine: &Machine, settings: &KindSettings) -> Option<Seen> {
    let image = settings.image();
    match machine.tools.has_image(context, &image).await {
        Ok(true) => None,
        Ok(false) => Some(NODE_IMAGE_ABSENT.warns(
            format!("{image} is not on this machine; the run pulls it, and stops when there is no network"),
            format!("pull it beforehand: `docker pull {image}`"),
        )),
        Err(error) => Some(NODE_IMAGE_ABSENT.unsure(chain(&error), &format!("docker image inspect {image}"))),
    }
}

fn rootless(info: &Info) -> Option<Seen> {
    let mut options = info.security_options.iter().flatten();
    // `name=rootless`, and with later daemons more after a comma.
    if !options.any(|option| option.split(',').any(|part| part == "name=rootless")) {
        return None;
    }
    if info.cgroup_version == "1" {
        return Some(ROOTLESS.blocks(
            "Docker runs without root on cgroup v1, which kind refuses",
            "boot with cgroup v2: add systemd.unified_cgroup_hierarchy=1 to GRUB_CMDLINE_LINUX in /etc/default/grub, then \
             `sudo update-grub && sudo reboot`; or use the daemon of root: `docker context use default`",
        ));
    }
    let limits = [("memory", info.memory_limit), ("pids", info.pids_limit), ("cpu", info.cpu_shares)];
    let missing: Vec<&str> =
        limits.iter().filter(|(_, limit)| *limit == Some(false)).map(|(controller, _)| *controller).collect();
    if !missing.is_empty() {
        return Some(ROOTLESS.blocks(
            format!(
                "Docker runs without root and without the cgroup controllers {}, which kind refuses",
                missing.join(", ")
            ),
            "delegate them: `printf '[Service]\\nDelegate=yes\\n' | sudo install -D /dev/stdin \
             /etc/systemd/system/user@.service.d/delegate.conf && sudo systemctl daemon-reload`, and log in again",
        ));
    }
    Some(ROOTLESS.warns(
        "Docker runs without root: IPv6 in the nodes needs ip6table_nat, and nodes cannot load modules themselves",
        "load the modules for NAT: `sudo modprobe -a iptable_nat ip6table_nat`",
    ))
}

async fn disk(context: &RunContext, machine: &Machine, info: &Info) -> Option<Seen> {
    if info.docker_root_dir.is_empty() {
        return None;
    }
    let (free, folder) = (machine.free, machine.path(&info.docker_root_dir));
    let by_hand = format!("df -h {}", folder.display());
    let seen = |bytes: u64| format!("{} free where Docker keeps its data ({})", gib(bytes), info.docker_root_dir);
    let cure =
        "make room: `docker system df` shows what takes it, `docker system prune` removes what no container uses";
    let question = folder.clone();
    match ask_disk(Timeouts::of(context.timeouts.tool), move || free(&question)).await {
        Some(Ok(bytes)) if bytes < DISK_NEEDED => {
            Some(DISK_LOW.blocks(format!("{}; a run needs {}", seen(bytes), gib(DISK_NEEDED)), cure))
        }
        Some(Ok(bytes)) if bytes < DISK_WANTED => {
            Some(DISK_LOW.warns(format!("{}; {} keep the kubelet from evicting", seen(bytes), gib(DISK_WANTED)), cure))
        }
        Some(Ok(_)) => None,
        // The data is not on this machine's disk, so there is nothing to know.
        Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => None,
        Some(Err(error)) => Some(DISK_LOW.unsure(format!("{}: {error}", folder.display()), &by_hand)),
        None => Some(DISK_LOW.unsure(format!("the disk of {} does not answer", folder.display()), &by_hand)),
    }
}

/// Spells bytes in GiB with one digit.
pub(super) fn gib(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) / GIB;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
