//! Reads rules, and keeps their texts for the bundle.

use std::collections::BTreeMap;
use std::path::Path;

use dualproof_model::differential::{DifferenceReason, difference_reasons};
use dualproof_model::judge::Rules;
use dualproof_model::spec::{self, SpecError};

use super::built_in;

/// Rules with the texts they were read from.
#[derive(Clone, Debug, Default)]
pub struct RuleBook {
    /// The rules.
    pub rules: Rules,
    /// Why bundles of two kinds of mesh differ. No run needs them: they are about two.
    pub reasons: Vec<DifferenceReason>,
    /// The texts of the rules, by path from the project's root: `scenarios/seed/ipv4.yaml`, `samples/sleep/sleep.yaml`.
    pub texts: BTreeMap<String, String>,
}

/// Rules cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A file or folder cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// The path, as given.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file has a mistake.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A scenario names a manifest that is not there.
    #[error("{scenario}: there is no manifest `{manifest}`")]
    NoManifest {
        /// The scenario's file.
        scenario: String,
        /// The manifest's path.
        manifest: String,
    },
    /// There is no scenario at all.
    #[error("{0} holds no scenario <area>/<name>.yaml")]
    Empty(String),
}

impl RuleBook {
    /// Reads the rules that are built in.
    ///
    /// # Errors
    /// Any mistake in them; a test holds them free of it.
    pub fn built_in() -> Result<Self, RulesError> {
        Self::from_files("the program", built_in::files().into_iter().collect())
    }

    /// Reads a folder of scenarios laid out as `scenarios/`. Manifests come from the folder beside it, else from those that are built in.
    ///
    /// # Errors
    /// What cannot be read, and any mistake with its place.
    pub fn from_folder(folder: &Path) -> Result<Self, RulesError> {
        let mut files: BTreeMap<String, String> =
            built_in::files().into_iter().filter(|(path, _)| path.starts_with("samples/")).collect();
        read_folder(folder, "scenarios", &mut files)?;
        let samples = folder.parent().unwrap_or(Path::new(".")).join("samples");
        for sample in ["matrix", "sleep", "tcp-echo"] {
            if samples.join(sample).is_dir() {
                read_folder(&samples.join(sample), &format!("samples/{sample}"), &mut files)?;
            }
        }
        Self::from_files(&folder.display().to_string(), files)
    }

    /// Reads rules from texts by path from the project's root, as a bundle holds them under `inputs/`.
    ///
    /// # Errors
    /// Any mistake with its place, a missing manifest, or no scenario at all; `origin` names where the texts came from.
    pub fn from_files(origin: &str, mut texts: BTreeMap<String, String>) -> Result<Self, RulesError> {
        let mut rules = Rules::default();
        let reasons = match texts.remove_entry("scenarios/differences.yaml") {
            Some((path, text)) => difference_reasons(&path, &text)?,
            None => Vec::new(),
        };
        for (path, text) in texts.iter().filter(|(path, _)| path.starts_with("scenarios/")) {
            match path.as_str() {
                "scenarios/profiles.yaml" => rules.profiles = spec::profiles(path, text)?,
                "scenarios/deviations.yaml" => rules.deviations = spec::deviations(path, text)?,
                _ => rules.scenarios.push(spec::scenario(path, text)?),
            }
        }
        if rules.scenarios.is_empty() {
            return Err(RulesError::Empty(origin.to_owned()));
        }
        for scenario in &rules.scenarios {
            let of_subject =
                scenario.subject.iter().flat_map(|subject| [&subject.server.manifest, &subject.client.manifest]);
            let clients = scenario.matrix.iter().flat_map(|matrix| &matrix.clients);
            let of_clients = clients.filter_map(|client| client.workload.as_ref()).map(|workload| &workload.manifest);
            let targets = scenario.matrix.iter().flat_map(|matrix| &matrix.targets);
            let mut manifests = of_subject.chain(of_clients).chain(targets.map(|target| &target.manifest));
            if let Some(manifest) = manifests.find(|manifest| !texts.contains_key(*manifest)) {
                return Err(RulesError::NoManifest { scenario: scenario.file.clone(), manifest: manifest.clone() });
            }
        }
        Ok(Self { rules, reasons, texts })
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut BTreeMap<String, String>) -> Result<(), RulesError> {
    let failed = |path: &Path, source| RulesError::Read { path: path.display().to_string(), source };
    let entries = std::fs::read_dir(folder).map_err(|source| failed(folder, source))?;
    for entry in entries {
        let path = entry.map_err(|source| failed(folder, source))?.path();
        let name = format!("{prefix}/{}", path.file_name().unwrap_or_default().to_string_lossy());
        if path.is_dir() {
            read_folder(&path, &name, files)?;
        } else if name.ends_with(".yaml") {
            let text = std::fs::read_to_string(&path).map_err(|source| failed(&path, source))?;
            files.insert(name, text);
        }
    }
    Ok(())
}
