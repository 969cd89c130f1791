//! What is looked for, and what was found.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use dualproof_driver::context::{RunContext, WaitLog};
use dualproof_model::plan::{MeshKind, Timeouts};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::age;
use super::processes::Process;
use crate::lease::{Lease, RunId};

/// What is looked for, and whether it is removed.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The state folder.
    pub state: PathBuf,
    /// The folder for downloaded tools: a mesh's uninstaller may lie there.
    pub cache: PathBuf,
    /// The budgets: `tool`, `request` and `cleanup` count.
    pub timeouts: Timeouts,
    /// Only what is at least this old.
    pub age: Duration,
    /// Only this run.
    pub run: Option<RunId>,
    /// What the user keeps, too.
    pub kept: bool,
    /// Remove, not only list.
    pub remove: bool,
}

impl Scope {
    pub(super) fn takes(&self, run: &str, since: Option<Timestamp>) -> bool {
        self.run.as_ref().is_none_or(|wanted| wanted.as_str() == run)
            && since.is_none_or(|when| age::since(when) >= self.age)
    }

    /// Makes the context in which a dead run's things are looked at and removed.
    pub(super) fn context(&self, run: &str, folder: PathBuf) -> RunContext {
        RunContext {
            run: run.to_owned(),
            cancel: CancellationToken::new(),
            timeouts: self.timeouts,
            waits: WaitLog::default(),
            folder,
        }
    }
}

/// What one dead run left behind, in the order in which it is to be removed.
#[derive(Debug)]
pub(super) struct Leftover {
    pub(super) run: String,
    /// When the run, or what is left of it, began; `None` when nothing tells.
    pub(super) since: Option<Timestamp>,
    /// The run's folder; `None` when it has none any more.
    pub(super) folder: Option<PathBuf>,
    /// Held while things are removed, so that two sweeps do not remove the same.
    pub(super) lease: Option<Lease>,
    pub(super) items: Vec<Item>,
}

impl Leftover {
    /// Spells one thing for people, in a line.
    pub(super) fn line(&self, item: &Item, what: &str) -> String {
        let age = self.since.map_or_else(|| "?".to_owned(), |when| age::spelled(age::since(when)));
        format!("{:<10} run {:<6}  {age:>4} old  {}: {what}\n", item.thing, self.run, item.place)
    }
}

/// The kind of a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    Process,
    Container,
    Cluster,
    Namespace,
    Mesh,
    Folder,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Process => "process",
            Self::Container => "container",
            Self::Cluster => "cluster",
            Self::Namespace => "namespace",
            Self::Mesh => "mesh",
            Self::Folder => "folder",
        })
    }
}

/// One thing that is left behind.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) thing: Thing,
    pub(super) place: String,
    pub(super) fate: Fate,
}

/// What becomes of it.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is removed.
    Remove(Work),
    /// It stays, because the user keeps it.
    Kept,
    /// It stays, for a reason that is told together with what to do.
    Stays(String),
}

/// How it is removed.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Kill(Process),
    /// All containers beside the cluster that carry the run's labels.
    Containers,
    Cluster {
        name: String,
        kubeconfig: Option<PathBuf>,
    },
    Namespace {
        on: Place,
        name: String,
    },
    Mesh {
        on: Place,
        install: Install,
    },
    Folder(PathBuf),
}

/// A cluster that was there before the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) kubeconfig: PathBuf,
    pub(super) context: Option<String>,
}

/// How a mesh was installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Install {
    pub(super) mesh: MeshKind,
    pub(super) version: Option<String>,
    pub(super) tool: Option<PathBuf>,
    pub(super) overlays: Vec<PathBuf>,
}

impl Item {
    pub(super) fn new(thing: Thing, place: impl Into<String>, fate: Fate) -> Self {
        Self { thing, place: place.into(), fate }
    }

    /// Says what would be done.
    pub(super) fn intent(&self) -> String {
        match &self.fate {
            Fate::Kept => "kept: --kept --yes removes it".to_owned(),
            Fate::Stays(why) => format!("would stay: {why}"),
            Fate::Remove(Work::Kill(_)) => "would be killed".to_owned(),
            Fate::Remove(Work::Cluster { .. }) => "would be deleted with its containers".to_owned(),
            Fate::Remove(Work::Namespace { .. }) => "would be deleted".to_owned(),
            Fate::Remove(Work::Containers) => "would be removed".to_owned(),
            Fate::Remove(Work::Mesh { .. }) => "would be uninstalled".to_owned(),
            Fate::Remove(Work::Folder(_)) => "would be removed".to_owned(),
        }
    }
}
