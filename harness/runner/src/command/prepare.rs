//! From the command line to a plan: settings, rules, cell. Makes nothing.

use dualproof_model::check;
use dualproof_model::plan::{Cell, KnownCheck, MeshKind, Plan, PlanError, ProviderKind};

use crate::live;
use crate::rules::{RuleBook, RulesError};
use crate::settings::{Partial, Settings, SettingsError};

/// Everything that the run of one cell needs to know before it makes anything.
#[derive(Debug)]
pub struct Readied {
    /// The settings.
    pub settings: Settings,
    /// The rules, with their texts.
    pub book: RuleBook,
    /// The plan.
    pub plan: Plan,
}

/// The input is bad: exit code 2.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Resolves settings, reads rules and makes the plan of every cell. Of several cells each has its own folder for reports.
///
/// # Errors
/// Bad input; nothing has been made.
pub fn ready(given: Partial) -> Result<Vec<Readied>, InputError> {
    let cells = Settings::resolve(given)?;
    let several = cells.len() > 1;
    // The cells differ in orders and versions alone: they share the rules.
    let folder = cells.first().and_then(|settings| settings.scenarios.as_deref());
    let book = folder.map_or_else(RuleBook::built_in, RuleBook::from_folder)?;
    let known = known_checks();
    cells
        .into_iter()
        .map(|mut settings| {
            let plan = Plan::new(&book.rules.scenarios, &known, cell(&settings), &settings.selector)?;
            if several {
                settings.out.push(plan.cell.name());
            }
            Ok(Readied { settings, book: book.clone(), plan })
        })
        .collect()
}

fn cell(settings: &Settings) -> Cell {
    let made = settings.provider == ProviderKind::Kind;
    Cell {
        provider: settings.provider,
        kubernetes: made.then(|| settings.kubernetes.clone()),
        mesh: settings.mesh,
        mesh_version: match settings.mesh {
            MeshKind::None => None,
            MeshKind::Istio | MeshKind::Embedded => {
                settings.mesh_version.clone().or_else(|| live::installed_mesh_version(settings))
            }
        },
        order: settings.order,
        nodes: if settings.provider == ProviderKind::Existing { 0 } else { settings.nodes },
    }
}

fn known_checks() -> Vec<KnownCheck> {
    check::all()
        .iter()
        .map(|check| KnownCheck {
            key: check.key.to_owned(),
            slug: check.slug.to_owned(),
            profile: check.profile,
            needs_mesh: check.needs_mesh,
        })
        .collect()
}
