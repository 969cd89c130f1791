//! From scenarios, a cell and selectors to the trials of a run.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cell, MeshKind, ProviderKind, Selector, SelectorError};
use crate::family::{FamilyOrder, IpFamily, IpFamilyPolicy};
use crate::spec::{ClientKind, Matrix, Profile, Scenario, ServerKind, SpecError, Subject};

/// Why nobody calls from outside a cluster that is not kind's.
pub const NO_OUTSIDE: &str =
    "its client stands outside the cluster, in a container beside the nodes of kind, and this cluster is not kind's";

/// What a plan must know of a check, without knowing how it judges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCheck {
    /// `K06`.
    pub key: String,
    /// `outbound-listener-covers-all-vips`.
    pub slug: String,
    /// Core or extended.
    pub profile: Profile,
    /// Whether it means nothing without a mesh.
    pub needs_mesh: bool,
}

/// One check of one scenario in one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// `scenario::check::cell`, as `--list` prints it.
    pub name: String,
    /// The scenario's name.
    pub scenario: String,
    /// The check's key.
    pub check: String,
}

/// A trial that will not run, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The trial.
    pub trial: Trial,
    /// Why.
    pub reason: String,
}

/// A manifest to apply in a namespace, once for all scenarios that need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedWorkload {
    /// The namespace to make.
    pub namespace: String,
    /// The manifest, from the project's root.
    pub manifest: String,
    /// The names of the scenarios that need it.
    pub needed_by: BTreeSet<String>,
    /// Some scenario calls from it, and none calls it. Clients start when the servers are known: a proxy that is told of a
    /// pod before istiod knows the pod's second address keeps the first alone (Envoy adds none to a host that stays).
    pub is_client: bool,
    /// Its pods get sidecars where the cell has a mesh; all workloads of a namespace say the same.
    pub inject: bool,
}

/// What a run will do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The cell.
    pub cell: Cell,
    /// What runs, scenarios and checks in the order of their files.
    pub trials: Vec<Trial>,
    /// What does not.
    pub skips: Vec<Skip>,
    /// What has to be deployed for the trials.
    pub workloads: Vec<PlannedWorkload>,
}

/// A plan cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A scenario names something wrong.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A selector matches nothing.
    #[error(transparent)]
    Selector(#[from] SelectorError),
}

impl Plan {
    /// Resolves scenarios against the known checks.
    ///
    /// # Errors
    /// A scenario that names an unknown check, or one check by two names; two scenarios of one name; a namespace that
    /// one scenario wants meshed and another naked; a selector that matches nothing.
    /// Everything skipped is no error: the plan is then empty.
    pub fn new(
        scenarios: &[Scenario],
        known: &[KnownCheck],
        cell: Cell,
        selector: &Selector,
    ) -> Result<Self, PlanError> {
        selector.must_match(
            &scenarios.iter().map(|scenario| scenario.name.as_str()).collect::<Vec<_>>(),
            &known.iter().map(KnownCheck::names).collect::<Vec<_>>(),
        )?;
        let mut plan = Self { cell, trials: Vec::new(), skips: Vec::new(), workloads: Vec::new() };
        let mut names = BTreeSet::new();
        for scenario in scenarios {
            if !names.insert(&scenario.name) {
                let what = format!("a second scenario named `{}`", scenario.name);
                return Err(SpecError::whole(&scenario.file, what).into());
            }
            plan.take(scenario, known, selector)?;
        }
        plan.workloads = plan.workloads(scenarios)?;
        Ok(plan)
    }

    fn take(&mut self, scenario: &Scenario, known: &[KnownCheck], selector: &Selector) -> Result<(), SpecError> {
        let mut keys = BTreeSet::new();
        for wanted in &scenario.checks {
            let Some(check) = known.iter().find(|check| check.is_called(&wanted.value)) else {
                let keys: Vec<&str> = known.iter().map(|check| check.key.as_str()).collect();
                let what = format!("unknown check `{}`: there is {}", wanted.value, keys.join(", "));
                return Err(SpecError::at(&scenario.file, wanted, what));
            };
            if !keys.insert(&check.key) {
                let what = format!("check {} is listed twice, once as `{}`", check.key, wanted.value);
                return Err(SpecError::at(&scenario.file, wanted, what));
            }
            let trial = Trial {
                name: format!("{}::{}-{}::{}", scenario.name, check.key, check.slug, self.cell.name()),
                scenario: scenario.name.clone(),
                check: check.key.clone(),
            };
            match self.reason_to_skip(scenario, check, selector) {
                Some(reason) => self.skips.push(Skip { trial, reason }),
                None => self.trials.push(trial),
            }
        }
        Ok(())
    }

    fn reason_to_skip(&self, scenario: &Scenario, check: &KnownCheck, selector: &Selector) -> Option<String> {
        if !selector.takes_scenario(&scenario.name) {
            return Some("not selected by --scenario".to_owned());
        }
        let names = check.names();
        if !selector.takes_check(&names.iter().map(String::as_str).collect::<Vec<_>>()) {
            return Some("not selected by --check".to_owned());
        }
        let profile = scenario.profile.max(check.profile);
        if !selector.profiles().takes(profile) {
            return Some(format!("profile {} is not selected", profile.as_str()));
        }
        if !self.cell.order.is_dual()
            && let Some(reason) = lacks_family(scenario, self.cell.order)
        {
            return Some(reason);
        }
        let is_outside = |matrix: &Matrix| matrix.clients.iter().all(|client| client.kind == ClientKind::Outside);
        if self.cell.provider != ProviderKind::Kind && scenario.matrix.as_ref().is_some_and(is_outside) {
            return Some(NO_OUTSIDE.to_owned());
        }
        if check.needs_mesh && self.cell.mesh == MeshKind::None {
            return Some("it looks at a mesh, and the cell has none".to_owned());
        }
        None
    }

    /// # Errors
    /// A namespace that one scenario wants meshed and another naked.
    fn workloads(&self, scenarios: &[Scenario]) -> Result<Vec<PlannedWorkload>, SpecError> {
        let mut workloads: BTreeMap<(&str, &str), PlannedWorkload> = BTreeMap::new();
        let mut injected: BTreeMap<&str, (bool, &str)> = BTreeMap::new();
        let running =
            scenarios.iter().filter(|scenario| self.trials.iter().any(|trial| trial.scenario == scenario.name));
        for scenario in running {
            for Needed { namespace, manifest, is_client, inject } in needed(scenario) {
                let (first, by) = *injected.entry(namespace).or_insert((inject, scenario.name.as_str()));
                if first != inject {
                    let what =
                        format!("namespace {namespace} cannot be both meshed and naked, and {by} says otherwise");
                    return Err(SpecError::whole(&scenario.file, what));
                }
                let workload = workloads.entry((namespace, manifest)).or_insert_with(|| PlannedWorkload {
                    namespace: namespace.to_owned(),
                    manifest: manifest.to_owned(),
                    needed_by: BTreeSet::new(),
                    is_client: true,
                    inject,
                });
                workload.needed_by.insert(scenario.name.clone());
                workload.is_client &= is_client;
            }
        }
        Ok(workloads.into_values().collect())
    }
}

/// Says why a scenario means nothing in a cluster of one family; `None` when it does.
fn lacks_family(scenario: &Scenario, order: FamilyOrder) -> Option<String> {
    let has_all = |families: &[IpFamily]| families.iter().all(|family| order.families().contains(family));
    let claim = scenario.subject.as_ref().map(|subject| &subject.claim);
    let is_claimed = claim.is_some_and(|claim| {
        claim.ip_family_policy == IpFamilyPolicy::RequireDualStack || !has_all(&claim.ip_families)
    });
    let mut targets = scenario.matrix.iter().flat_map(|matrix| &matrix.targets);
    let is_called = targets.any(|target| target.kind.families().is_some_and(|families| !has_all(families)));
    (is_claimed || is_called)
        .then(|| format!("its Services have families beyond {}, the only one of this cluster", order.primary()))
}

/// A manifest that a scenario needs in a namespace.
struct Needed<'a> {
    namespace: &'a str,
    manifest: &'a str,
    is_client: bool,
    inject: bool,
}

fn needed(scenario: &Scenario) -> Vec<Needed<'_>> {
    let one = |namespace, manifest, is_client, inject| Needed { namespace, manifest, is_client, inject };
    let mut needed = Vec::new();
    if let Some(Subject { server, client, .. }) = &scenario.subject {
        needed.push(one(&server.namespace, &server.manifest, false, true));
        needed.push(one(&client.namespace, &client.manifest, true, true));
    }
    if let Some(matrix) = &scenario.matrix {
        for target in &matrix.targets {
            needed.push(one(&target.namespace, &target.manifest, false, target.server == ServerKind::Meshed));
        }
        for (client, kind) in matrix.clients.iter().filter_map(|client| Some((client.workload.as_ref()?, client.kind)))
        {
            needed.push(one(&client.namespace, &client.manifest, true, kind == ClientKind::Meshed));
        }
    }
    needed
}

impl KnownCheck {
    fn names(&self) -> Vec<String> {
        vec![self.key.clone(), self.slug.clone(), format!("{}-{}", self.key, self.slug)]
    }

    fn is_called(&self, name: &str) -> bool {
        self.names().iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}
