//! From what the spine orders to the calls that are made: commands of the seed, asks of the matrix.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dualproof_driver::cluster::Cluster;
use dualproof_driver::context::RunContext;
use dualproof_driver::image::AgentImage;
use dualproof_driver::outside::Outside;
use dualproof_driver::probe::{CellAsk, ClientSelector, Probe, Share, Way, ask_all, ask_together, lost_all};
use dualproof_driver::trouble::chain;
use dualproof_dump::bundle::layout;
use dualproof_dump::{DumpError, kubernetes};
use dualproof_model::evidence::{AddressKind, CallStage, Objects, PodRef, Target, Testimony};
use dualproof_model::matrix::{ClientKind, expand, roster};
use dualproof_model::plan::ProviderKind;
use dualproof_model::spec::Matrix;
use dualproof_wire::{Ask, Protocol};

use crate::session::CallOrder;

/// How long one call of the matrix may take, look-up included. Those that must fail by silence take all of it.
const DEADLINE_MILLIS: u64 = 2000;

/// Spells a call of the seed as a probe.
pub(super) fn probe(order: &CallOrder) -> Probe {
    let (server, client) = (&order.subject.server, &order.subject.client);
    Probe {
        id: format!("{}/{}", order.scenario, order.call.name),
        scenario: order.scenario.clone(),
        client: ClientSelector { namespace: client.namespace.clone(), app: client.app.clone() },
        container: client.container.clone(),
        target: Target { namespace: server.namespace.clone(), name: server.service.clone(), port: order.call.port },
        address_kind: AddressKind::Name,
        address: format!("{}.{}", server.service, server.namespace),
        argv: order.call.command.clone(),
        reply: Some(order.call.reply.clone()),
    }
}

/// Reads the objects that cells are made of, as they were just written into the bundle's folder.
///
/// # Errors
/// A file that is not there, because the API server did not give its objects, or that cannot be parsed.
pub(super) fn objects(bundle: &Path) -> Result<Objects, DumpError> {
    let read = |file: &str| {
        let failed = |source| DumpError::Io { place: file.to_owned(), doing: "read", source };
        std::fs::read(bundle.join(file)).map_err(failed)
    };
    Ok(Objects {
        nodes: kubernetes::nodes(&read(layout::NODES)?, layout::NODES)?,
        services: kubernetes::services(&read(layout::SERVICES)?, layout::SERVICES)?,
        pods: kubernetes::pods(&read(layout::PODS)?, layout::PODS)?,
        ..Objects::default()
    })
}

/// Who has the calls of the matrices made.
pub(super) struct Caller<'a> {
    pub(super) context: &'a RunContext,
    pub(super) cluster: &'a Cluster,
    /// What the client outside runs.
    pub(super) image: &'a AgentImage,
    pub(super) provider: ProviderKind,
}

/// What each client is asked: those in pods, by pod and container, and the one outside.
#[derive(Default)]
struct Asked {
    pods: BTreeMap<(PodRef, String), Vec<CellAsk>>,
    outside: Vec<CellAsk>,
}

impl Caller<'_> {
    /// Makes every call of the matrices, each cell once, all clients at the same time. They share the processor's time and the ports.
    ///
    /// Cells come from live objects. A cell without an address to dial makes no call, and what the matrices want and the objects
    /// lack is for the judge to miss.
    pub(super) async fn matrices(&self, matrices: &[Matrix], objects: &Objects, meshed: bool) -> Vec<Testimony> {
        let Asked { pods, outside } = self.asked(matrices, objects, meshed);
        let lists: Vec<&[CellAsk]> = pods.values().chain([&outside]).map(Vec::as_slice).collect();
        let mut shares = Share::divide(&lists).into_iter();
        let inside: Vec<_> = pods
            .iter()
            .zip(&mut shares)
            .map(|(((pod, container), asks), share)| {
                (Way::Pod { cluster: self.cluster, pod, container }, asks.as_slice(), share)
            })
            .collect();
        let (mut testimonies, outside) =
            tokio::join!(ask_together(self.context, CallStage::Mesh, &inside), self.outside(&outside, shares.next()));
        testimonies.extend(outside);
        testimonies
    }

    async fn outside(&self, asks: &[CellAsk], share: Option<Share>) -> Vec<Testimony> {
        let Some(share) = share.filter(|_| !asks.is_empty()) else { return Vec::new() };
        match Outside::start(self.context, self.image).await {
            Ok(client) => ask_all(self.context, CallStage::Mesh, Way::Outside(&client), asks, share).await,
            Err(error) => lost_all(CallStage::Mesh, asks, &format!("there is no client outside: {}", chain(&error))),
        }
    }

    fn asked(&self, matrices: &[Matrix], objects: &Objects, meshed: bool) -> Asked {
        let (mut asked, mut seen) = (Asked::default(), BTreeSet::new());
        for matrix in matrices {
            for cell in expand(&roster(matrix, objects, meshed, self.provider), objects).cells {
                let Ok(to) = cell.to else { continue };
                if !seen.insert(cell.id.clone()) {
                    continue;
                }
                let client = matrix.clients.iter().find(|client| client.name == cell.client.name);
                let workload = client.and_then(|client| client.workload.as_ref());
                let asks = match (cell.client.kind, cell.client.pod, workload) {
                    (ClientKind::Outside, ..) => &mut asked.outside,
                    (_, Some(pod), Some(workload)) => asked.pods.entry((pod, workload.container.clone())).or_default(),
                    _ => continue,
                };
                let number = seen.len();
                let ask = Ask {
                    id: number.to_string(),
                    token: format!("{}-{number}", self.context.run),
                    to,
                    protocol: cell.protocol,
                    deadline_millis: DEADLINE_MILLIS,
                    payload: 0,
                    own_port: true,
                };
                asks.push(CellAsk { cell: cell.id, ask });
            }
        }
        // Where a proxy waits for the client's first words, a server that speaks first is silent until the deadline. Begun first, such calls
        // are over when the others are.
        for asks in asked.pods.values_mut().chain([&mut asked.outside]) {
            asks.sort_by_key(|asked| asked.ask.protocol != Protocol::TcpServerFirst);
        }
        asked
    }
}
