//! `dualproof sweep`.

use clap::Args;

use crate::lease::RunId;
use crate::output::{Console, Exit};
use crate::settings::{Partial, Settings};
use crate::sweep::{Scope, parse_age, sweep};

/// What to sweep.
#[derive(Args, Debug)]
pub struct Sweep {
    /// Remove what is found
    #[arg(long)]
    yes: bool,
    /// Only list what is found and what would be done [default]
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Only what is at least this old (90s, 5m, 2h, 1d)
    #[arg(long, value_name = "AGE", default_value = "0s", value_parser = parse_age)]
    age: std::time::Duration,
    /// Only what this run left
    #[arg(long, value_name = "ID")]
    run: Option<RunId>,
    /// What was kept on purpose (run --keep), too
    #[arg(long)]
    kept: bool,
}

/// Removes all that one run made, also what it was to keep.
pub(super) fn run_away(run: RunId, console: &Console) -> Exit {
    command(Sweep { yes: true, dry_run: false, age: std::time::Duration::ZERO, run: Some(run), kept: true }, console)
}

/// Lists or removes what dead runs left behind.
pub(super) fn command(given: Sweep, console: &Console) -> Exit {
    let settings = match own_settings(console) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let scope = Scope {
        state: settings.state,
        cache: settings.cache,
        timeouts: settings.timeouts,
        age: given.age,
        run: given.run,
        kept: given.kept,
        remove: given.yes && !given.dry_run,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let swept = runtime.and_then(|runtime| runtime.block_on(sweep(&scope, console)));
    swept.unwrap_or_else(|error| {
        console.error(&error, "check that the state folder can be read (DUALPROOF_STATE)");
        Exit::InvalidEnvironment
    })
}

/// Resolves the settings of commands that have no flags for them: what is taken of these is the same for every cell.
pub(super) fn own_settings(console: &Console) -> Result<Settings, Exit> {
    match Settings::resolve(Partial::default()) {
        Ok(cells) => cells.into_iter().next().ok_or(Exit::BadInput),
        Err(error) => {
            console.error(&error, "correct the setting");
            Err(Exit::BadInput)
        }
    }
}
