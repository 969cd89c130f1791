//! From what the spine orders to the calls that are made: commands of the seed, asks of the matrix.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dualproof_driver::cluster::Cluster;
use dualproof_driver::context::RunContext;
use dualproof_driver::probe::{CellAsk, ClientSelector, Probe, ask_all};
use dualproof_dump::bundle::layout;
use dualproof_dump::{DumpError, kubernetes};
use dualproof_model::evidence::{AddressKind, CallStage, Objects, PodRef, Target, Testimony};
use dualproof_model::matrix::{expand, roster};
use dualproof_model::spec::Matrix;
use dualproof_wire::Ask;

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

/// Makes every call of the matrices, each cell once, one client after another so that none waits for another's processor time.
///
/// Cells come from live objects. A cell without an address to dial makes no call, and what the matrices want and the objects
/// lack is for the judge to miss.
pub(super) async fn matrices(
    context: &RunContext,
    cluster: &Cluster,
    matrices: &[Matrix],
    objects: &Objects,
    meshed: bool,
) -> Vec<Testimony> {
    let mut asks: BTreeMap<(PodRef, String), Vec<CellAsk>> = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for matrix in matrices {
        for cell in expand(&roster(matrix, objects, meshed), objects).cells {
            let container = matrix
                .clients
                .iter()
                .find(|client| client.name == cell.client.name)
                .and_then(|client| client.workload.as_ref())
                .map(|workload| workload.container.clone());
            let (Some(pod), Some(container), Ok(to)) = (cell.client.pod, container, cell.to) else { continue };
            if !asked.insert(cell.id.clone()) {
                continue;
            }
            let number = asked.len();
            let ask = Ask {
                id: number.to_string(),
                token: format!("{}-{number}", context.run),
                to,
                protocol: cell.protocol,
                deadline_millis: DEADLINE_MILLIS,
                payload: 0,
                own_port: true,
            };
            asks.entry((pod, container)).or_default().push(CellAsk { cell: cell.id, ask });
        }
    }
    let mut testimonies = Vec::new();
    for ((pod, container), asks) in &asks {
        testimonies.extend(ask_all(context, cluster, CallStage::Mesh, pod, container, asks).await);
    }
    testimonies
}
