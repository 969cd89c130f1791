//! From a plan to libtest's trials.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use dualproof_model::plan::{Plan, ProviderKind};
use dualproof_model::report::{Report, text};
use dualproof_model::verdict::Verdict;
use libtest_mimic::{Arguments, Completion, Failed, Trial};

use super::session::Shared;
use crate::command::{Readied, ready};
use crate::embedded;
use crate::live;
use crate::output::{Console, Exit};
use crate::settings::{Partial, Settings, env_vars};

/// Settings from the environment alone: the command line belongs to libtest.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct FromEnvironment {
    #[command(flatten)]
    given: Partial,
}

/// Runs the target: lists, filters and runs trials named `scenario::check::cell`. Listing makes nothing.
///
/// `out` is the folder for reports where the environment names none: cargo starts tests in the package's own folder.
#[must_use]
pub fn main(out: &Path) -> ExitCode {
    // An embedded cluster is this program once more.
    if let Some(code) = embedded::served() {
        return code;
    }
    let mut arguments = Arguments::from_args();
    // The trials share one session; the first one does all the work.
    arguments.test_threads = Some(1);
    let console = Console::default();
    let given = match FromEnvironment::try_parse_from(std::iter::empty::<&str>()) {
        Ok(FromEnvironment { given }) => given.or(Partial { out: Some(out.to_owned()), ..Partial::default() }),
        Err(error) => {
            // clap speaks of flags; here each is a variable of the same name.
            let said = error.to_string();
            let line = said.lines().next().unwrap_or_default();
            console.note(line);
            console.note(
                "hint: correct the DUALPROOF_ variable of that name; harness/runner/src/settings/env_vars.rs lists all",
            );
            return Exit::BadInput.into();
        }
    };
    match ready(given) {
        Ok(cells) => run(&arguments, cells),
        Err(error) => {
            console.error(&error, "correct the DUALPROOF_ variable or the file");
            Exit::BadInput.into()
        }
    }
}

fn run(arguments: &Arguments, cells: Vec<Readied>) -> ExitCode {
    let (mut sessions, mut all) = (Vec::new(), Vec::new());
    for mut readied in cells {
        let obstacle = Obstacle::find(&readied.settings);
        if let Obstacle::Ignores(why) = &obstacle
            && !arguments.list
        {
            Console::default().note(&format!("every trial is ignored: {why}"));
        }
        let plan = readied.plan.clone();
        keep_what_runs(&mut readied.plan, arguments, obstacle.ignores());
        if is_process_per_test()
            && let [alone] = readied.plan.trials.as_slice()
        {
            // Trials of other processes write at the same time.
            readied.settings.out.push(alone.name.replace(['/', ':'], "-"));
        }
        let shared = Arc::new(Shared::new(readied));
        all.extend(trials(&plan, &shared, &obstacle));
        sessions.push(shared);
    }
    let conclusion = libtest_mimic::run(arguments, all);
    let exits: Vec<Exit> =
        sessions.iter().filter_map(|shared| shared.seen()).map(|report| Exit::from(report.conclusion)).collect();
    match Exit::worst(&exits) {
        Exit::Conforms => conclusion.exit_code(),
        exit if conclusion.has_failed() => exit.into(),
        _ => conclusion.exit_code(),
    }
}

/// Narrows the plan to the trials that libtest will run, so that a filter on one scenario deploys that one alone.
fn keep_what_runs(plan: &mut Plan, arguments: &Arguments, ignored: bool) {
    plan.trials.retain(|trial| {
        let probe = Trial::test(&trial.name, || Ok(())).with_ignored_flag(ignored);
        !arguments.is_filtered_out(&probe) && !arguments.is_ignored(&probe)
    });
    let scenarios: Vec<String> = plan.trials.iter().map(|trial| trial.scenario.clone()).collect();
    plan.workloads.retain(|workload| scenarios.iter().any(|name| workload.needed_by.contains(name)));
}

fn trials(plan: &Plan, shared: &Arc<Shared>, obstacle: &Obstacle) -> Vec<Trial> {
    let runs = plan.trials.iter().map(|trial| {
        let (name, shared) = (trial.name.clone(), Arc::clone(shared));
        let refused = obstacle.refuses().map(str::to_owned);
        let judge = move || match refused {
            Some(why) => Err(Failed::from(why)),
            None => outcome(shared.report(), &name),
        };
        Trial::ignorable_test(&trial.name, judge).with_ignored_flag(obstacle.ignores())
    });
    let skips = plan.skips.iter().map(|skip| Trial::test(&skip.trial.name, || Ok(())).with_ignored_flag(true));
    runs.chain(skips).collect()
}

fn outcome(report: &Report, name: &str) -> Result<Completion, Failed> {
    match report.trial(name) {
        Some(trial) if trial.verdict == Verdict::Pass || trial.verdict == Verdict::Xfail => Ok(Completion::Completed),
        Some(trial) if trial.verdict == Verdict::NotApplicable => Ok(Completion::ignored_with(&trial.reason)),
        Some(trial) => {
            let alone = Report { results: vec![trial.clone()], ..report.clone() };
            Err(Failed::from(text(&alone)))
        }
        None => Err(Failed::from(format!("{}: {}", report.conclusion, report.reason))),
    }
}

/// What keeps trials from running here.
enum Obstacle {
    /// Nothing.
    None,
    /// Something is not there, and nobody insists: the trials are ignored, at list time already, because nextest counts a
    /// trial that ignores itself later as passed.
    Ignores(String),
    /// The trials fail with this.
    Refuses(String),
}

impl Obstacle {
    fn find(settings: &Settings) -> Self {
        if settings.provider == ProviderKind::Existing {
            return Self::None;
        }
        let missing = match settings.provider {
            ProviderKind::Embedded => embedded::missing(),
            ProviderKind::Kind | ProviderKind::Existing => live::missing_for_kind(),
        };
        if let Some(why) = missing {
            let insists = env_vars::is_on(env_vars::REQUIRE) || env_vars::is_on(env_vars::CI);
            return if insists { Self::Refuses(why) } else { Self::Ignores(why) };
        }
        if is_process_per_test() {
            return Self::Refuses(format!(
                "nextest gives each trial a process of its own, and this would make a cluster for each; hint: make one with `dualproof run --keep`, then set {}=existing, {}=<its kubeconfig> and {}=true",
                env_vars::PROVIDER,
                env_vars::KUBECONFIG,
                env_vars::REUSE
            ));
        }
        Self::None
    }

    fn ignores(&self) -> bool {
        matches!(self, Self::Ignores(_))
    }

    fn refuses(&self) -> Option<&str> {
        match self {
            Self::Refuses(why) => Some(why),
            _ => None,
        }
    }
}

/// Tells whether nextest runs each trial in a process of its own.
fn is_process_per_test() -> bool {
    env_vars::read(env_vars::NEXTEST_EXECUTION_MODE).as_deref() == Some("process-per-test")
}
