//! A cell: a fresh cluster, two sidecars, a call.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use dualproof_driver::api;
use dualproof_driver::cluster::{Cluster, WayIn};
use dualproof_driver::context::{RunContext, WaitLog};
use dualproof_driver::image::AgentImage;
use dualproof_driver::mesh::{self, MeshSettings};
use dualproof_driver::probe::{CellAsk, Share, Way, ask_all};
use dualproof_driver::workload::{self, MeshMark, Workload};
use dualproof_embedded::api::kubeconfig;
use dualproof_embedded::envoy::Envoy;
use dualproof_embedded::supervisor::{self, ClusterSettings, NETNS_PAGE};
use dualproof_model::answer;
use dualproof_model::evidence::{CallStage, PodRef};
use dualproof_model::family::{FamilyOrder, IpFamily};
use dualproof_model::plan::{MeshKind, Timeouts};
use dualproof_model::spec::VersionProfile;
use dualproof_runner::rules::RuleBook;
use dualproof_wire::{Ask, Destination, Outcome, Protocol, Records};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Failed, machine};

/// The server's port.
const PORT: u16 = 9000;

/// Makes cells.
pub(super) struct Maker {
    folder: PathBuf,
    envoy: PathBuf,
    profiles: Vec<VersionProfile>,
    image: String,
    made: AtomicUsize,
}

/// A cell whose pods are ready.
pub(super) struct Cell {
    context: RunContext,
    cluster: Cluster,
    pods: [PodRef; 2],
    stop: CancellationToken,
    serving: JoinHandle<Result<(), supervisor::SupervisorError>>,
}

impl Maker {
    /// Makes a maker whose cells have their files below this folder.
    pub(super) fn new(folder: &Path, envoy: &Path) -> Result<Self, Failed> {
        let profiles = RuleBook::built_in()?.rules.profiles;
        let image = AgentImage::choose(None).map_err(|error| error.to_string())?.identity().reference.clone();
        Ok(Self { folder: folder.to_owned(), envoy: envoy.to_owned(), profiles, image, made: AtomicUsize::new(0) })
    }

    /// Makes a cell, calls in it, and ends it.
    pub(super) async fn whole(&self, number: usize) -> Result<(), Failed> {
        let cell = self.start().await.map_err(|error| format!("cell {number}: {error}"))?;
        let called = cell.call().await;
        cell.end().await?;
        called
    }

    /// Makes a cell and waits until its pods are ready.
    pub(super) async fn start(&self) -> Result<Cell, Failed> {
        let name = format!("cell-{}", self.made.fetch_add(1, Ordering::Relaxed));
        let folder = self.folder.join(&name);
        fs::create_dir_all(&folder)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let settings = ClusterSettings {
            name: name.clone(),
            folder: folder.join("cluster"),
            families: FamilyOrder::V6First.families().into(),
            nodes: 1,
            envoy: Envoy { path: self.envoy.clone(), version: String::new(), passed: Vec::new() },
            profiles: self.profiles.clone(),
        };
        let (tell, told) = oneshot::channel();
        let stop = CancellationToken::new();
        let ready = move || {
            let _is_heard = tell.send(()).is_ok();
        };
        let serving = tokio::spawn(supervisor::serve(settings, listener, stop.clone(), ready));
        told.await?;
        let path = folder.join("kubeconfig");
        fs::write(&path, kubeconfig(&name, address))?;
        let cluster = Cluster {
            client: api::client(&path, None).await?,
            name,
            kubeconfig: path,
            context: None,
            created: true,
            nodes: Vec::new(),
            way_in: WayIn::Page(NETNS_PAGE),
        };
        let context = RunContext {
            run: "bench".to_owned(),
            cancel: CancellationToken::new(),
            timeouts: Timeouts::default(),
            waits: WaitLog::default(),
            folder,
        };
        let pods = self.deploy(&context, &cluster).await?;
        Ok(Cell { context, cluster, pods, stop, serving })
    }

    async fn deploy(&self, context: &RunContext, cluster: &Cluster) -> Result<[PodRef; 2], Failed> {
        let mesh = mesh::choose(MeshKind::Embedded, &MeshSettings::default());
        let prepared = mesh.prepare(context).await?;
        mesh.install(context, cluster, &prepared).await?;
        let mark = MeshMark { label: mesh.injection_label(), sidecar: mesh.sidecar() };
        let mut pods = Vec::new();
        for namespace in ["server", "client"] {
            let text = include_str!("pod.yaml").replace("IMAGE", &self.image);
            let workload =
                Workload { namespace: namespace.to_owned(), manifest: "pod.yaml".to_owned(), text, inject: true };
            pods.extend(workload::deploy(context, cluster, &[workload], mark).await?.meshed());
        }
        pods.try_into().map_err(|pods: Vec<_>| format!("{} pods with a sidecar", pods.len()).into())
    }
}

impl Cell {
    /// Calls the server by its name, and looks who answered.
    pub(super) async fn call(&self) -> Result<(), Failed> {
        let [server, client] = &self.pods;
        let to =
            Destination::Name { name: "echo.server".to_owned(), port: PORT, records: Records::Both, resolver: None };
        let ask = Ask {
            id: "1".to_owned(),
            token: self.cluster.name.clone(),
            to,
            protocol: Protocol::Tcp,
            deadline_millis: 5000,
            payload: 0,
            own_port: true,
        };
        let asks = [CellAsk { cell: self.cluster.name.clone(), ask }];
        let share = Share::divide(&[&asks]).pop().ok_or("no share")?;
        let way = Way::Pod { cluster: &self.cluster, pod: client, container: "agent" };
        let told = ask_all(&self.context, CallStage::Mesh, way, &asks, share).await.pop().ok_or("no testimony")?;
        let Some(Outcome::Replied(text)) = told.report().map(|report| &report.outcome) else {
            return Err(format!("{}: {:?}", self.cluster.name, told.told).into());
        };
        let answer =
            answer::read(text, Protocol::Tcp).map_err(|error| format!("{}: {error}", self.cluster.name))?.answer;
        let is_right = answer.pod == server.name
            && answer.token.as_ref() == Some(&self.cluster.name)
            && IpFamily::of(&answer.local.ip()) == IpFamily::IPv6;
        if is_right { Ok(()) } else { Err(format!("{}: another server answered: {text}", self.cluster.name).into()) }
    }

    /// The commands of its Envoys, while no other cell is there.
    pub(super) fn envoys(&self) -> Result<Vec<Vec<String>>, Failed> {
        let mut commands = BTreeSet::new();
        for number in machine::processes()? {
            let Ok(words) = fs::read_to_string(format!("/proc/{number}/cmdline")) else { continue };
            let words: Vec<String> = words.split_terminator('\0').map(str::to_owned).collect();
            if words.first().is_some_and(|word| word.ends_with("envoy"))
                && words.iter().any(|word| word.ends_with("/proxy/envoy.json"))
            {
                commands.insert(words);
            }
        }
        Ok(commands.into_iter().collect())
    }

    /// Ends it, and waits until it has ended.
    pub(super) async fn end(self) -> Result<(), Failed> {
        drop(self.cluster);
        self.stop.cancel();
        self.serving.await??;
        fs::remove_dir_all(&self.context.folder)?;
        Ok(())
    }
}
