//! The kernel that the nodes share: IPv6, cgroups, limits, memory.

use super::docker::gib;
use super::{Seen, Trap, fit};
use crate::cluster::KindSettings;
use crate::doctor::{Machine, Subject};

/// The kernel has no IPv6. `ipv6.disable=1` at boot leaves out the protocol and with it `/proc/net/if_inet6`; the sysctl
/// `net.ipv6.conf.all.disable_ipv6` only takes the addresses off interfaces (kernel `Documentation/networking/ipv6.rst` and
/// `ip-sysctl.rst`).
pub(super) const IPV6_OFF: Trap = Trap {
    id: "ipv6-off",
    title: "IPv6 is switched off on this machine",
    why: "Docker can give the nodes no IPv6 addresses, and there is no dual-stack cluster",
};

/// cgroup v1 with a kubelet that refuses it. From Kubernetes 1.35 `failCgroupV1` is true by default (KEP-5573); the kubelet
/// ends with `kubelet is configured to not run on a host using cgroup v1`, which kind does not repeat. A node image may set the
/// field to false, which nobody can see from outside: so this only warns.
pub(super) const CGROUP_V1: Trap = Trap {
    id: "cgroup-v1",
    title: "cgroup v1, which kubelets from 1.35 refuse",
    why: "the kubelet does not start, and kind gives up after a minute without saying why",
};

/// The inotify limits are low. They are not namespaced: all nodes share those of one user
/// (<https://kind.sigs.k8s.io/docs/user/known-issues/#pod-errors-due-to-too-many-open-files>).
pub(super) const INOTIFY_LOW: Trap = Trap {
    id: "inotify-low",
    title: "The inotify limits are low",
    why: "the kubelet, kube-proxy or a sidecar ends with `too many open files`, often in one node only",
};

/// The soft limit of open files is low. 1024 is what systemd gives by default (systemd.exec(5), `LimitNOFILE`).
pub(super) const OPEN_FILES_LOW: Trap = Trap {
    id: "open-files-low",
    title: "The limit of open files is low",
    why: "every call, dump and watch holds a connection, and every tool a few files: evidence is lost in the middle of a run",
};

/// There is little memory.
pub(super) const MEMORY_LOW: Trap = Trap {
    id: "memory-low",
    title: "There is too little memory for the cell",
    why: "the kernel ends processes in the nodes, or everything swaps, and waits run out",
};

/// kind's advice for both inotify limits, and what Ubuntu has by default, which is "not enough to create a cluster with many
/// nodes" (kind's known issues): the default counts for one node.
const INSTANCES: (u64, u64) = (512, 128);
const WATCHES: (u64, u64) = (524_288, 8192);

/// From this Kubernetes minor kubelets refuse cgroup v1.
const REFUSES_CGROUP_V1: fit::Minor = (1, 35);

const OPEN_FILES: u64 = 1024;

const GIB: u64 = 1 << 30;

/// Looks at the kernel. Says nothing on a machine without `/proc`.
///
/// `cgroup` is what Docker says of the cgroup version; without it, the machine's own is taken.
pub(in crate::doctor) fn look(
    machine: &Machine,
    subject: &Subject,
    settings: &KindSettings,
    cgroup: Option<String>,
) -> Vec<Seen> {
    if !machine.has_proc() {
        return Vec::new();
    }
    let parts = u64::from(settings.nodes) + subject.meshes();
    [
        ipv6(machine),
        cgroup_v1(machine, settings, cgroup),
        inotify(machine, parts),
        open_files(machine),
        memory(machine, settings, subject),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn ipv6(machine: &Machine) -> Option<Seen> {
    if !machine.path("proc/net/if_inet6").exists() {
        return Some(IPV6_OFF.blocks(
            "the kernel has no IPv6 (/proc/net/if_inet6 is not there)",
            "load it: `sudo modprobe ipv6`; if it was switched off at boot, take ipv6.disable=1 out of the kernel's command line: \
             `cat /proc/cmdline`",
        ));
    }
    // Docker switches it on again for its own bridges (moby `bridge/setup_ipv6_linux.go`) and kind for the nodes (kind
    // `providers/docker/provision.go`), so a run may well work.
    (machine.number("proc/sys/net/ipv6/conf/all/disable_ipv6") == Some(1)).then(|| {
        IPV6_OFF.warns(
            "IPv6 is switched off by sysctl (net.ipv6.conf.all.disable_ipv6 = 1)",
            "switch it on: `sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0`",
        )
    })
}

fn cgroup_v1(machine: &Machine, settings: &KindSettings, cgroup: Option<String>) -> Option<Seen> {
    let (major, minor) = fit::kubernetes(settings).filter(|kubernetes| *kubernetes >= REFUSES_CGROUP_V1)?;
    let one = match cgroup {
        Some(version) => version == "1",
        // The file is at the root of a unified hierarchy only (kernel `admin-guide/cgroup-v2.rst`).
        None => machine.path("sys/fs/cgroup").is_dir() && !machine.path("sys/fs/cgroup/cgroup.controllers").exists(),
    };
    one.then(|| {
        CGROUP_V1.warns(
            format!(
                "cgroup v1 here, and the kubelet of {major}.{minor} refuses it unless {} sets failCgroupV1: false, which cannot be \
                 seen from outside",
                settings.image()
            ),
            "take Kubernetes 1.34: `dualproof run --kubernetes 1.34.4`; or boot with cgroup v2 \
             (systemd.unified_cgroup_hierarchy=1 on the kernel's command line): `stat -fc %T /sys/fs/cgroup` then says cgroup2fs",
        )
    })
}

fn inotify(machine: &Machine, parts: u64) -> Option<Seen> {
    let low = |name: &str, (advised, each): (u64, u64)| {
        let value = machine.number(&format!("proc/sys/fs/inotify/{name}"))?;
        let wanted = advised.min(each.saturating_mul(parts));
        (value < wanted).then(|| format!("fs.inotify.{name} is {value}, below {wanted}"))
    };
    let low: Vec<String> =
        [low("max_user_instances", INSTANCES), low("max_user_watches", WATCHES)].into_iter().flatten().collect();
    (!low.is_empty()).then(|| {
        INOTIFY_LOW.warns(
            low.join("; "),
            format!(
                "raise both: `sudo sysctl -w fs.inotify.max_user_watches={} fs.inotify.max_user_instances={}`",
                WATCHES.0, INSTANCES.0
            ),
        )
    })
}

fn open_files(machine: &Machine) -> Option<Seen> {
    let limits = machine.text("proc/self/limits")?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    // `unlimited` is no number, and enough.
    let soft: u64 = line.split_whitespace().next()?.parse().ok()?;
    (soft < OPEN_FILES).then(|| {
        OPEN_FILES_LOW.warns(
            format!("this process may open {soft} files, below {OPEN_FILES}"),
            "raise the limit in this shell: `ulimit -n 4096`",
        )
    })
}

/// Compares with an estimate, not a measurement: 1 GiB for the first node's control plane and what runs beside, half a GiB for
/// each node, 1 GiB for a mesh with the seed's workloads. So it only warns.
fn memory(machine: &Machine, settings: &KindSettings, subject: &Subject) -> Option<Seen> {
    let meminfo = machine.text("proc/meminfo")?;
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let available = line.split_whitespace().next()?.parse::<u64>().ok()?.saturating_mul(1024);
    let wanted = GIB + u64::from(settings.nodes) * (GIB / 2) + subject.meshes() * GIB;
    (available < wanted).then(|| {
        MEMORY_LOW.warns(
            format!("{} of memory are available, below {} for this cell", gib(available), gib(wanted)),
            "see what takes it: `ps -eo rss,args --sort=-rss | head`, and remove clusters that nobody needs: `kind get clusters`",
        )
    })
}
