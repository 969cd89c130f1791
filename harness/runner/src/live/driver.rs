//! The stages, each a few calls into the driver's rooms.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use dualproof_driver::cluster::KindTools;
use dualproof_driver::context::RUN_LABEL;
use dualproof_driver::doctor::Machine;
use dualproof_driver::mesh::{self, Installed};
use dualproof_driver::probe::{Probe, call_all};
use dualproof_driver::trouble::{Trouble, chain};
use dualproof_driver::workload::{self, MeshMark};
use dualproof_driver::{api, baseline, collect, diagnostics, doctor, inspect, outside};
use dualproof_dump::bundle::{Writer, layout};
use dualproof_model::evidence::{CallStage, Failure, FailureKind, Versions, Wait};
use dualproof_model::plan::ProviderKind;
use dualproof_model::spec::Matrix;
use dualproof_model::truth::Baseline;

use super::calls::Caller;
use super::{Live, agent, before, calls, reuse};
use crate::session::{CallOrder, Driver, Prepared, Workload};
use crate::stage::Stage;

#[async_trait]
impl Driver for Live {
    async fn prepare(&self) -> Result<Prepared, Trouble> {
        let context = self.context(Stage::Prepare);
        self.provider.check()?;
        self.mesh.check()?;
        self.agent()?;
        let warnings = before::refuse(doctor::examine(&context, &Machine::default(), &self.subject).await)?;
        let (mut tools, cluster_from) = match self.place.waiting() {
            Some((known, cell)) => (known, Some(cell)),
            None => (self.provider.preflight(&context).await?, None),
        };
        self.state().tools.clone_from(&tools);
        // A cell that is judged as it is needs no installer.
        let prepared = if self.keep_as_is { mesh::Prepared::default() } else { self.mesh.prepare(&context).await? };
        tools.extend(prepared.tools.clone());
        let mesh_inputs = prepared.inputs.iter();
        let mut inputs: BTreeMap<String, String> =
            mesh_inputs.map(|input| (input.name.clone(), String::from_utf8_lossy(&input.bytes).into_owned())).collect();
        inputs.extend(self.provider.inputs(&context));
        let mut images = prepared.images.clone();
        images.extend(baseline::IMAGES.iter().map(|image| (*image).to_owned()));
        self.state().prepared = prepared;
        Ok(Prepared { tools, images, inputs, cluster_from, warnings })
    }

    async fn cluster(&self) -> Result<(), Trouble> {
        let context = self.context(Stage::Cluster);
        let cluster = match self.place.take() {
            Some(cluster) => cluster,
            None => {
                self.foretold.cluster()?;
                self.provider.create(&context).await?
            }
        };
        before::refuse_mesh(self.mesh.kind(), &cluster)?;
        self.state().cluster = Some(cluster.clone());
        self.remember(&context, &cluster).await?;
        self.foretold.namespaces(&cluster, &context.run)?;
        if self.keep_as_is {
            let run = reuse::kept_run(&context, &cluster).await?;
            let mut state = self.state();
            state.joined = reuse::join(&run);
            state.context.run = run;
        }
        Ok(())
    }

    async fn images(&self, images: &[String]) -> Result<Vec<String>, Trouble> {
        if self.keep_as_is {
            return Ok(Vec::new());
        }
        let (context, cluster) = (self.context(Stage::Images), self.cluster_made()?);
        let images = agent::load(&context, &*self.provider, &cluster, &*self.agent()?, images).await?;
        Ok(self.provider.load_images(&context, &cluster, &images).await?)
    }

    async fn baseline(&self, bundle: &Writer) -> Result<(), Trouble> {
        let (context, cluster) = (self.context(Stage::Baseline), self.cluster_made()?);
        let seen = baseline::measure(&context, &cluster, self.order).await?;
        let lines = seen.calls.iter().try_for_each(|call| bundle.append_line(layout::CALLS, call));
        let lines =
            lines.and_then(|()| seen.dns.iter().try_for_each(|question| bundle.append_line(layout::DNS, question)));
        lines.map_err(unwritten)?;
        collect::objects(&context, &cluster, &[Baseline::NAMESPACE], bundle).await;
        Ok(())
    }

    async fn mesh(&self) -> Result<(), Trouble> {
        if self.keep_as_is {
            return Ok(());
        }
        let (context, cluster, prepared) = (self.context(Stage::Mesh), self.cluster_made()?, self.prepared());
        self.foretold.mesh(&cluster)?;
        // Set first: an install that fails half-way has to be removed as well.
        self.state().installed = Installed::Made;
        let installed = self.mesh.install(&context, &cluster, &prepared).await?;
        self.state().installed = installed;
        Ok(())
    }

    async fn workloads(&self, workloads: &[Workload]) -> Result<(), Trouble> {
        let (context, cluster) = (self.context(Stage::Workloads), self.cluster_made()?);
        let sidecar = self.mesh.sidecar();
        let namespaces: BTreeSet<String> = workloads.iter().map(|workload| workload.namespace.clone()).collect();
        // Known before they are Ready, so that a failure's diagnosis looks into them.
        self.state().deployed.namespaces = namespaces.iter().cloned().collect();
        let deployed = if self.keep_as_is {
            workload::reuse(&context, &cluster, &namespaces, sidecar).await?
        } else {
            let image = self.agent()?;
            let mark = MeshMark { label: self.mesh.injection_label(), sidecar };
            agent::deploy(&context, &cluster, workloads, mark, &image).await?
        };
        self.state().deployed = deployed;
        Ok(())
    }

    async fn converge(&self) -> Result<(), Trouble> {
        let meshed = self.state().deployed.meshed();
        Ok(self.mesh.converge(&self.context(Stage::Converge), &self.cluster_made()?, &meshed).await?)
    }

    async fn calls(&self, calls: &[CallOrder], matrices: &[Matrix], bundle: &Writer) -> Result<(), Trouble> {
        let (context, cluster) = (self.context(Stage::Calls), self.cluster_made()?);
        let probes: Vec<Probe> = calls.iter().map(calls::probe).collect();
        let made = call_all(&context, &cluster, CallStage::Mesh, &probes).await;
        made.iter().try_for_each(|call| bundle.append_line(layout::CALLS, call)).map_err(unwritten)?;
        if matrices.is_empty() {
            return Ok(());
        }
        let (namespaces, meshed) = (self.namespaces(), self.state().deployed.meshed());
        let ((), counters) = tokio::join!(
            collect::objects(&context, &cluster, &namespaces, bundle),
            self.mesh.counters(&context, &cluster, &meshed)
        );
        self.state().counters = counters;
        let objects = calls::objects(bundle.dir()).map_err(unwritten)?;
        let image = self.agent()?;
        let caller = Caller { context: &context, cluster: &cluster, image: &image, provider: self.provided };
        let made = caller.matrices(matrices, &objects, self.mesh.sidecar().is_some()).await;
        made.iter().try_for_each(|told| bundle.append_line(layout::TESTIMONY, told)).map_err(unwritten)?;
        self.state().testimonies = made;
        Ok(())
    }

    async fn collect(&self, bundle: &Writer) -> Result<Versions, Trouble> {
        let (context, cluster, meshed) =
            (self.context(Stage::Collect), self.cluster_made()?, self.state().deployed.meshed());
        let (namespaces, testimonies) = (self.namespaces(), self.state().testimonies.clone());
        let counters = self.state().counters.clone();
        let logs = async {
            if let Some(sidecar) = self.mesh.sidecar().filter(|_| !testimonies.is_empty()) {
                collect::access_logs(&context, &cluster, sidecar, &meshed, &testimonies, &counters, bundle).await;
            }
        };
        let tools = KindTools::default();
        let ((), (), (), (), versions, kubernetes) = tokio::join!(
            collect::objects(&context, &cluster, &namespaces, bundle),
            logs,
            self.mesh.collect(&context, &cluster, &meshed, bundle),
            inspect::collect(&context, &cluster, &tools, &meshed, bundle),
            self.mesh.versions(&context, &cluster),
            api::server_version(&context, &cluster.client)
        );
        collect::unchanged(&context, &cluster, &namespaces, bundle).await;
        let versions = known(versions, "the mesh's version", bundle).unwrap_or_default();
        Ok(Versions {
            kubernetes: known(kubernetes, "the version of Kubernetes", bundle),
            control_plane: versions.control_plane,
            proxies: versions.proxies,
            tools: BTreeMap::new(),
        })
    }

    async fn diagnose(&self, failure: &Failure, bundle: &Writer) {
        self.state().failed = true;
        let Ok(cluster) = self.cluster_made() else { return };
        let context = self.context(Stage::Close).for_cleanup();
        let namespaces = self.namespaces();
        diagnostics::collect(&context, &cluster, &failure.stage, &failure.what, &namespaces, bundle).await;
        collect::objects(&context, &cluster, &namespaces, bundle).await;
        self.mesh.collect_log(&context, &cluster, bundle).await;
    }

    async fn close(&self, keep: bool) -> Result<Option<String>, Trouble> {
        let Ok(cluster) = self.cluster_made() else { return Ok(None) };
        let context = self.context(Stage::Close).for_cleanup();
        if self.provided == ProviderKind::Kind {
            outside::clear(&context).await?;
        }
        if keep {
            let namespaces = format!("kubectl delete namespace --selector {RUN_LABEL}={}", context.run);
            let note = self.provider.keep_note(&cluster);
            return Ok(Some(if cluster.created {
                note
            } else {
                format!("{note}; remove its namespaces with `{namespaces}`")
            }));
        }
        let handed = self.hand_on(&context, &cluster).await;
        if let Some(Ok(note)) = handed {
            return Ok(Some(note));
        }
        let remains = if cluster.created { Vec::new() } else { self.clear(&context, &cluster).await? };
        self.provider.close(&context, &cluster).await?;
        if remains.is_empty() {
            return Ok(handed.and_then(Result::err));
        }
        Err(Trouble {
            kind: FailureKind::Inconclusive,
            what: remains.join("; "),
            hint: format!(
                "remove what carries the label {RUN_LABEL}={}; what a mesh wrote into others' namespaces carries none and is left for you to judge",
                context.run
            ),
        })
    }

    fn waits(&self, stage: Stage) -> Vec<Wait> {
        self.state().waits.entry(stage).or_default().drain()
    }
}

/// Takes what was learned; what was not is noted as missing, with why.
fn known<T, E: std::error::Error>(learned: Result<T, E>, what: &str, bundle: &Writer) -> Option<T> {
    learned.map_err(|error| bundle.missing(what, chain(&error))).ok()
}

fn unwritten(error: dualproof_dump::DumpError) -> Trouble {
    Trouble { kind: FailureKind::Inconclusive, hint: error.hint(), what: chain(&error) }
}
