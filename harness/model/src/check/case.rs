//! What a check is given: one scenario's view of the evidence.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::calling::Calls;
use crate::evidence::{Evidence, Pod, PodRef, Proxy, Service};
use crate::spec::{Scenario, Shapes};
use crate::verdict::{Finding, Findings};

/// One scenario over one bundle.
pub struct Case<'a> {
    /// The bundle.
    pub evidence: &'a Evidence,
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The shapes of the mesh's version; `None` without a mesh.
    pub shapes: Option<&'a Shapes>,
    /// The calls of its matrix, once a check has asked for them.
    calls: OnceCell<Result<Calls<'a>, String>>,
}

/// What a check says.
#[derive(Clone, Debug)]
pub enum Judged {
    /// What it compared. None at all is inconclusive: a check that compared nothing has proved nothing.
    Findings(Vec<Finding>),
    /// It has no meaning here, and why.
    NotApplicable(String),
}

impl From<Findings> for Judged {
    fn from(findings: Findings) -> Self {
        Self::Findings(findings.into_vec())
    }
}

impl<'a> Case<'a> {
    /// Makes the case of a scenario; all of its checks should be given the same one. `shapes` as [`Case::shapes`].
    #[must_use]
    pub fn new(evidence: &'a Evidence, scenario: &'a Scenario, shapes: Option<&'a Shapes>) -> Self {
        Self { evidence, scenario, shapes, calls: OnceCell::new() }
    }

    /// Returns the calls of the scenario's matrix with all that they came to; `None` where it has no matrix.
    ///
    /// # Errors
    /// Why nothing can be expected of them.
    pub(super) fn calls(&self) -> Option<Result<&Calls<'a>, &str>> {
        let matrix = self.scenario.matrix.as_ref()?;
        Some(self.calls.get_or_init(|| Calls::of(self, matrix)).as_ref().map_err(String::as_str))
    }

    /// Returns the scenario's Service as it is live; `None` when it is not in the bundle.
    #[must_use]
    pub fn service(&self) -> Option<&'a Service> {
        let server = &self.scenario.subject.as_ref()?.server;
        self.evidence.objects.service(&server.namespace, &server.service)
    }

    /// Returns the scenario's Service, or states that it is lost: without it nothing can be expected.
    #[must_use]
    pub fn service_or_lost(&self, findings: &mut Findings) -> Option<&'a Service> {
        let service = self.service();
        if service.is_none() {
            let name = self.service_name();
            let why = match self.scenario.subject {
                Some(_) => self.why_missing("objects/services.json"),
                None => "the scenario names no Service".to_owned(),
            };
            findings.lost(&format!("Service {name}"), None, &"the live Service", &why, "objects/services.json");
        }
        service
    }

    /// Names the scenario's Service: `<namespace>/<name>`; `-` for a scenario without one.
    #[must_use]
    pub fn service_name(&self) -> String {
        self.scenario.subject.as_ref().map_or_else(
            || "-".to_owned(),
            |subject| format!("{}/{}", subject.server.namespace, subject.server.service),
        )
    }

    /// Lists the pods of the scenario's namespaces, those of its call matrix included, that are neither going away nor at their
    /// end.
    #[must_use]
    pub fn pods(&self) -> Vec<&'a Pod> {
        let subject = self.scenario.subject.iter();
        let mut namespaces: Vec<&str> =
            subject.flat_map(|subject| [&*subject.client.namespace, &*subject.server.namespace]).collect();
        if let Some(matrix) = &self.scenario.matrix {
            let clients = matrix.clients.iter().filter_map(|client| client.workload.as_ref());
            namespaces.extend(clients.map(|client| client.namespace.as_str()));
            namespaces.extend(matrix.targets.iter().map(|target| target.namespace.as_str()));
        }
        let mut seen = BTreeSet::new();
        namespaces.retain(|namespace| seen.insert(*namespace));
        namespaces
            .into_iter()
            .flat_map(|namespace| self.evidence.objects.pods_in(namespace))
            .filter(|pod| !matches!(pod.phase.as_str(), "Succeeded" | "Failed"))
            .collect()
    }

    /// Lists the meshed ones among [`Case::pods`] with their proxies. States what is lost: each proxy without a
    /// `config_dump`, and that there is no meshed pod at all.
    #[must_use]
    pub fn proxies(&self, findings: &mut Findings, what: &str) -> Vec<(&'a Pod, &'a Proxy)> {
        let pods: Vec<&Pod> = self.pods().into_iter().filter(|pod| pod.is_meshed()).collect();
        if pods.is_empty() {
            let why = match self.evidence.objects.pods.is_empty() {
                true => self.why_missing("objects/pods.json"),
                false => "no pod of the scenario has a sidecar".to_owned(),
            };
            findings.lost(what, None, &"a proxy to look at", &why, "objects/pods.json");
        }
        let mut dumped = Vec::new();
        for pod in pods {
            let name = pod.pod_ref();
            match self.proxy(&name).filter(|proxy| is_dumped(proxy)) {
                Some(proxy) => dumped.push((pod, proxy)),
                None => {
                    let place = format!("proxies/{name}/config_dump.json");
                    let why = self.why_missing(&place);
                    findings.lost(&format!("{what} of {name}"), None, &"a config dump", &why, &place);
                }
            }
        }
        dumped
    }

    /// Lists the client's pods that are not going away.
    #[must_use]
    pub fn client_pods(&self) -> Vec<&'a Pod> {
        let Some(subject) = &self.scenario.subject else { return Vec::new() };
        self.evidence
            .objects
            .pods_in(&subject.client.namespace)
            .filter(|pod| pod.meta.labels.get("app") == Some(&subject.client.app))
            .collect()
    }

    /// Finds the proxy of a pod.
    #[must_use]
    pub fn proxy(&self, pod: &PodRef) -> Option<&'a Proxy> {
        self.evidence.proxies.iter().find(|proxy| proxy.pod == *pod)
    }

    /// Says why a piece of evidence is missing, in the manifest's words, or that nobody said.
    #[must_use]
    pub fn why_missing(&self, place: &str) -> String {
        self.evidence
            .manifest
            .missing
            .iter()
            .find(|missing| holds(&missing.what, place) || holds(place, &missing.what))
            .map_or_else(|| "it is not in the bundle".to_owned(), |missing| missing.why.clone())
    }
}

/// Tells whether Envoy's configuration was read: a running Envoy always has listeners, clusters and endpoints, if only
/// those of its bootstrap, so none at all is a dump that was lost.
fn is_dumped(proxy: &Proxy) -> bool {
    !proxy.listeners.is_empty() && !proxy.clusters.is_empty() && !proxy.endpoints.is_empty()
}

/// Tells whether one place holds the other: the same, or a folder above it, or the file that it is in.
fn holds(outer: &str, inner: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || outer.ends_with('/') || rest.starts_with(['/', '#']))
}
