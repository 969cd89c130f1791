//! `dualproof cluster`: embedded clusters for people.

use clap::Subcommand;
use dualproof_driver::trouble::{Explained, Trouble};
use dualproof_model::evidence::FailureKind;
use dualproof_model::plan::MeshKind;
use tokio_util::sync::CancellationToken;

use super::sweep;
use crate::lease::{Journal, Made, RunFolder, RunId, runs_in};
use crate::live::{Live, Place};
use crate::output::{Console, Exit};
use crate::session::{Driver, watch_signals};
use crate::settings::{Partial, Settings};
use crate::sweep::serves;

/// What to do with embedded clusters.
#[derive(Subcommand, Debug)]
pub enum ClusterCommand {
    /// Start one, with its mesh (--mesh none for a bare one), and print its kubeconfig
    Up(Box<Partial>),
    /// List those that were started and kept: run, beginning, whether it runs, kubeconfig
    Status,
    /// End one, and remove what it left
    Down {
        /// The run's id, as `up` and `status` print it
        run: RunId,
    },
}

/// Does it.
pub(super) fn command(given: ClusterCommand, console: &Console) -> Exit {
    match given {
        ClusterCommand::Up(given) => up(*given, console),
        ClusterCommand::Status => status(console),
        ClusterCommand::Down { run } => sweep::run_away(run, console),
    }
}

fn up(given: Partial, console: &Console) -> Exit {
    let given = Partial { provider: Some("embedded".to_owned()), keep: Some(true), ..given };
    let settings = match Settings::resolve(given) {
        Ok(cells) => cells,
        Err(error) => {
            console.error(&error, "dualproof cluster up --help lists every setting");
            return Exit::BadInput;
        }
    };
    let [settings] = settings.as_slice() else {
        console.note("error: these settings make several cells\nhint: give each setting once");
        return Exit::BadInput;
    };
    let folder = match RunFolder::create(&settings.state, true) {
        Ok(folder) => folder,
        Err(error) => {
            console.error(&error, &error.hint());
            return Exit::InvalidEnvironment;
        }
    };
    match begun(settings, &folder, console) {
        Ok(()) => {
            console.note(&format!("run {}: end it with `dualproof cluster down {}`", folder.id(), folder.id()));
            console.data(&format!("{}\n", folder.path().join("kubeconfig").display()));
            Exit::Conforms
        }
        Err(trouble) => {
            console.trouble(&trouble);
            if let Err(error) = folder.remove() {
                console.note(&format!("the cluster's private folder is left behind: {error}"));
            }
            if trouble.kind == FailureKind::Interrupted { Exit::Interrupted } else { Exit::InvalidEnvironment }
        }
    }
}

/// Starts the cluster and its mesh; what was begun is ended again when something fails.
fn begun(settings: &Settings, folder: &RunFolder, console: &Console) -> Result<(), Trouble> {
    let plain = |error: std::io::Error| Trouble {
        kind: FailureKind::InvalidEnvironment,
        what: error.to_string(),
        hint: String::new(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(plain)?;
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        watch_signals(cancel.clone()).map_err(plain)?;
        let driver = Live::new(settings, folder, cancel.clone(), Place::default());
        let made = async {
            let prepared = driver.prepare().await?;
            prepared.warnings.iter().for_each(|warning| console.note(warning));
            driver.cluster().await?;
            if settings.mesh == MeshKind::None { Ok(()) } else { driver.mesh().await }
        };
        let made = made.await;
        if made.is_err() {
            driver.close(false).await?;
        }
        made.map_err(|trouble| if cancel.is_cancelled() { interrupted() } else { trouble })
    })
}

/// What a signal says in place of whatever it broke off.
fn interrupted() -> Trouble {
    Trouble {
        kind: FailureKind::Interrupted,
        what: "stopped before the cluster was there; nothing of it is left".to_owned(),
        hint: String::new(),
    }
}

fn status(console: &Console) -> Exit {
    let settings = match sweep::own_settings(console) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let entries = std::fs::read_dir(runs_in(&settings.state)).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        // What cannot be read is the sweep's to tell.
        let Ok(journal) = Journal::read(&path) else { continue };
        for made in &journal.made {
            if let Made::EmbeddedCluster { kubeconfig } = made {
                let state = if serves(&path) { "runs" } else { "has ended" };
                let (run, since) = (&journal.run, journal.started.strftime("%F %T"));
                console.data(&format!("{run}  {since}  {state}  {}\n", kubeconfig.display()));
            }
        }
    }
    Exit::Conforms
}
