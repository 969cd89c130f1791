//! A run to be judged: the lab's evidence, what was selected, and rules with the real version profiles.
#![expect(clippy::disallowed_methods, reason = "the rules are files")]

use std::path::{Path, PathBuf};

use dualproof_model::evidence::{Evidence, Tool};
use dualproof_model::judge::{self, Rules};
use dualproof_model::report::{Report, TrialResult};
use dualproof_model::spec;

use crate::lab::World;
use crate::lab::matrix::not_of_calls;

/// The scenario about the cluster alone.
pub(crate) const CLUSTER: &str = "environment/cluster";
/// The scenario of the lab's Service.
pub(crate) const ECHO: &str = "seed/echo";

/// A bundle and rules.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) evidence: Evidence,
    pub(crate) rules: Rules,
}

impl Run {
    /// Every check over green evidence, at a version of merged endpoints: K41 for the cluster, the others for the Service.
    pub(crate) fn green(world: &World) -> Self {
        let mut evidence = world.evidence();
        let manifest = &mut evidence.manifest;
        (manifest.run, manifest.started) = ("r1".to_owned(), "2026-10-01T08:00:00Z".to_owned());
        let scenario_of = |key: &str| if key == "K41" { CLUSTER } else { ECHO };
        manifest.selected =
            not_of_calls().map(|check| (scenario_of(check.key).to_owned(), check.key.to_owned())).collect();
        let cluster = spec::scenario("scenarios/environment/cluster.yaml", "title: the cluster\nchecks: [K41]\n");
        let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
        let rules = Rules { scenarios: vec![cluster, world.scenario()], profiles: profiles(), deviations: Vec::new() };
        let run = Self { evidence, rules };
        run.at("1.31.0-lab")
    }

    /// The same with a mesh of another version, as its control plane says.
    pub(crate) fn at(mut self, version: &str) -> Self {
        self.evidence.manifest.versions.control_plane = Some(version.to_owned());
        self
    }

    /// The same with these checks alone.
    pub(crate) fn only(mut self, keys: &[&str]) -> Self {
        self.evidence.manifest.selected.retain(|(_, key)| keys.contains(&key.as_str()));
        self
    }

    /// The same after a change.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Judges it.
    pub(crate) fn judge(&self) -> Report {
        let tool = Tool { name: "dualproof".to_owned(), version: "1.2.3".to_owned() };
        judge::judge(&self.evidence, &self.rules, tool)
    }
}

/// Finds the trial of a check.
pub(crate) fn trial<'a>(report: &'a Report, key: &str) -> &'a TrialResult {
    report.results.iter().find(|result| result.check == key).unwrap_or_else(|| panic!("no trial of {key}"))
}

/// Names a file of the project.
pub(crate) fn path(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(inside)
}

/// Reads a file of the project.
pub(crate) fn read(inside: &str) -> String {
    std::fs::read_to_string(path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
}

/// Reads the real version profiles.
pub(crate) fn profiles() -> Vec<spec::VersionProfile> {
    let file = "scenarios/profiles.yaml";
    spec::profiles(file, &read(file)).unwrap_or_else(|error| panic!("{error}"))
}
