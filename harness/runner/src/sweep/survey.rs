//! Looking for everything that dead runs left behind. Nothing is removed here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dualproof_driver::cluster::KindSettings;
use dualproof_driver::context::RunContext;
use dualproof_driver::trouble::chain;
use jiff::{SignedDuration, Timestamp};

use super::age;
use super::docker::{self, Containers, Owner};
use super::existing;
use super::folders::{self, RunDir};
use super::leftover::{Fate, Install, Item, Leftover, Place, Scope, Thing, Work};
use super::processes::Process;
use crate::lease::{Beacon, Journal, Lease, Made, RunId};

/// How long after its entry in the journal a cluster may be made for which only the time speaks.
const MAKING: SignedDuration = SignedDuration::from_mins(10);

/// How long after its entry a cluster counts as being made though nothing of it is there: Docker may still be at it when
/// run and kind have been killed together.
const LATE: Duration = Duration::from_secs(30);

/// What was found.
pub(super) struct Survey {
    pub(super) leftovers: Vec<Leftover>,
    /// What people should know beside.
    pub(super) notes: Vec<String>,
    /// Something that should be looked at could not be.
    pub(super) unsure: bool,
}

/// Looks everywhere.
pub(super) async fn survey(scope: &Scope) -> io::Result<Survey> {
    let context = scope.context("", std::env::temp_dir());
    // Folders first: a cluster that is seen after them belongs to a run whose folder was there, or to nobody.
    let dirs = folders::read(scope).await?;
    let mut eyes = Eyes {
        scope,
        docker: docker::clusters(&context).await.map_err(|error| chain(&error)),
        beside: docker::beside(&context).await.unwrap_or_default(),
        processes: Process::all(),
        taken: BTreeSet::new(),
        notes: Vec::new(),
    };
    let mut leftovers = Vec::new();
    for dir in dirs {
        leftovers.extend(eyes.folder(dir).await);
    }
    leftovers.extend(eyes.without_folder().await);
    let unsure = leftovers.iter().flat_map(|left| &left.items).any(|item| matches!(item.fate, Fate::Stays(_)));
    if let Err(error) = &eyes.docker {
        eyes.notes.push(format!("clusters without a folder were not looked for: {error}"));
    }
    Ok(Survey { leftovers, notes: eyes.notes, unsure })
}

/// What is looked at, and what has been seen.
struct Eyes<'a> {
    scope: &'a Scope,
    docker: Result<BTreeMap<String, Containers>, String>,
    /// Clients outside clusters, by run; none where Docker does not answer, which `docker` tells.
    beside: BTreeMap<String, Containers>,
    processes: Vec<Process>,
    /// Clusters that are somebody's: a journal's, or those of a run that must be left alone.
    taken: BTreeSet<String>,
    notes: Vec<String>,
}

impl Eyes<'_> {
    async fn folder(&mut self, dir: RunDir) -> Option<Leftover> {
        let (run, since, items, path) = match dir {
            RunDir::Alive(run) => {
                self.taken.insert(KindSettings::default_name(run.as_str()));
                if self.scope.takes(run.as_str(), None) {
                    self.notes.push(format!("run {run} is alive, or another sweep is at it: left alone"));
                }
                return None;
            }
            RunDir::Dead { run, path, journal, lease } => return self.dead(run, path, journal, lease).await,
            RunDir::Unclear { run, path, since, why } => {
                self.taken.insert(KindSettings::default_name(run.as_str()));
                (run.to_string(), since, vec![folder(&path, Fate::Stays(why))], path)
            }
            RunDir::Draft { path, since } => {
                ("-".to_owned(), since, vec![folder(&path, Fate::Remove(Work::Folder(path.clone())))], path)
            }
        };
        self.scope.takes(&run, since).then_some(Leftover { run, since, folder: Some(path), lease: None, items })
    }

    async fn dead(&mut self, run: RunId, path: PathBuf, journal: Journal, lease: Option<Lease>) -> Option<Leftover> {
        let run = run.to_string();
        let default = KindSettings::default_name(&run);
        self.taken.insert(default.clone());
        if !self.scope.takes(&run, Some(journal.started)) {
            return None;
        }
        let context = self.scope.context(&run, path.clone());
        let kept = journal.kept && !self.scope.kept;
        let mut items = Vec::new();
        let folders = [path.as_path(), journal.folder.as_path()];
        let makers: Vec<Process> =
            self.processes.iter().filter(|process| process.makes_for(&folders, Some(&default))).cloned().collect();
        let making = !makers.is_empty();
        items.extend(makers.into_iter().map(killed));
        items.extend(self.beside.get(&run).map(beside));
        for made in &journal.made {
            match made {
                Made::KindCluster { name, kubeconfig, asked } => {
                    items.extend(self.cluster(&context, name, kubeconfig, *asked, making).await);
                }
                Made::Namespaces { kubeconfig, context: name, .. } => {
                    let on = Place { kubeconfig: kubeconfig.clone(), context: name.clone() };
                    items.extend(self.on_existing(&context, &on, &journal).await);
                }
                // It is one of the run's processes.
                Made::EmbeddedCluster { .. } | Made::Mesh { .. } => {}
            }
        }
        let named = items.iter().any(|item| matches!(item.fate, Fate::Stays(_)));
        let fate = if named {
            Fate::Stays(format!("its journal names what stays; when that is gone: rm -r {}", path.display()))
        } else {
            Fate::Remove(Work::Folder(path.clone()))
        };
        items.push(folder(&path, fate));
        if kept {
            items.iter_mut().for_each(|item| item.fate = Fate::Kept);
        }
        Some(Leftover { run, since: Some(journal.started), folder: Some(path), lease, items })
    }

    /// Looks for a cluster that a journal names.
    async fn cluster(
        &mut self,
        context: &RunContext,
        name: &str,
        kubeconfig: &Path,
        asked: Timestamp,
        making: bool,
    ) -> Option<Item> {
        let remove = || Fate::Remove(Work::Cluster { name: name.to_owned(), kubeconfig: Some(kubeconfig.to_owned()) });
        let containers = match &self.docker {
            Ok(clusters) => clusters.get(name),
            Err(error) => {
                let why = format!("not checked, because docker does not say whether it is there: {error}");
                return Some(Item::new(Thing::Cluster, name, Fate::Stays(why)));
            }
        };
        let Some(containers) = containers else {
            let place = format!("{name}, no container yet");
            return (making || age::since(asked) < LATE).then(|| Item::new(Thing::Cluster, place, remove()));
        };
        if name != KindSettings::default_name(&context.run) {
            // Docker tells seconds, so a moment of the same second is not before.
            let first = containers.first.map(|first| first.duration_since(asked));
            let before = first.is_some_and(|late| late < SignedDuration::from_secs(-1));
            let in_time = first.is_some_and(|late| late < MAKING);
            match docker::owner(context, name, &context.run).await {
                Owner::Another => return None,
                Owner::Unknown if before => return None,
                Owner::Unknown if !in_time => {
                    let why = format!(
                        "nothing shows that the run made it; if nobody needs it: kind delete cluster --name {name}"
                    );
                    return Some(Item::new(Thing::Cluster, place(name, containers), Fate::Stays(why)));
                }
                Owner::Run | Owner::Kept | Owner::Unknown => {}
            }
        }
        self.taken.insert(name.to_owned());
        Some(Item::new(Thing::Cluster, place(name, containers), remove()))
    }

    async fn on_existing(&self, context: &RunContext, on: &Place, journal: &Journal) -> Vec<Item> {
        let at = |name: &str| format!("{name} on {}", on.context.as_deref().unwrap_or("the current context"));
        let names = match existing::namespaces(context, on).await {
            Ok(names) => names,
            Err(error) => {
                let why = format!("not checked: {error}");
                let place = at("namespaces");
                return vec![Item::new(Thing::Namespace, place, Fate::Stays(why))];
            }
        };
        let install = journal.made.iter().find_map(|made| match made {
            Made::Mesh { mesh, version, tool, overlays, .. } => {
                Some(Install { mesh: *mesh, version: version.clone(), tool: tool.clone(), overlays: overlays.clone() })
            }
            _ => None,
        });
        let meshed = install.and_then(|install| Some((existing::mesh_of(&install, &self.scope.cache).ok()?, install)));
        let is_mesh =
            |name: &String| meshed.as_ref().is_some_and(|(mesh, _)| mesh.namespaces().contains(&name.as_str()));
        let (of_mesh, plain): (Vec<String>, Vec<String>) = names.into_iter().partition(is_mesh);
        let mut items: Vec<Item> = plain
            .into_iter()
            .map(|name| {
                let place = at(&name);
                Item::new(Thing::Namespace, place, Fate::Remove(Work::Namespace { on: on.clone(), name }))
            })
            .collect();
        if let (false, Some((mesh, install))) = (of_mesh.is_empty(), meshed) {
            let place = at(&mesh.kind().to_string());
            items.push(Item::new(Thing::Mesh, place, Fate::Remove(Work::Mesh { on: on.clone(), install })));
        }
        items
    }

    /// Looks for clusters that have a run's name, and no folder that says more.
    async fn without_folder(&mut self) -> Vec<Leftover> {
        let mut leftovers = Vec::new();
        let Ok(clusters) = &self.docker else { return leftovers };
        for (name, containers) in clusters {
            let id = name.strip_prefix(&KindSettings::default_name("")).and_then(|id| id.parse::<RunId>().ok());
            let Some(run) = id.filter(|_| !self.taken.contains(name)) else { continue };
            if Beacon::is_lit(&run) || !self.scope.takes(run.as_str(), containers.first) {
                continue;
            }
            let context = self.scope.context(run.as_str(), std::env::temp_dir());
            let fate = match docker::owner(&context, name, run.as_str()).await {
                Owner::Another => continue,
                Owner::Kept if !self.scope.kept => Fate::Kept,
                Owner::Run | Owner::Kept => Fate::Remove(Work::Cluster { name: name.clone(), kubeconfig: None }),
                Owner::Unknown => Fate::Stays(format!(
                    "it has a run's name, but no folder and no configuration to show that a run made it; if nobody needs it: kind delete cluster --name {name}"
                )),
            };
            let makers = self.processes.iter().filter(|process| process.makes_for(&[], Some(name))).cloned();
            let mut items: Vec<Item> =
                if matches!(fate, Fate::Remove(_)) { makers.map(killed).collect() } else { Vec::new() };
            items.extend(self.beside.get(run.as_str()).map(beside));
            items.push(Item::new(Thing::Cluster, place(name, containers), fate));
            let run = run.to_string();
            leftovers.push(Leftover { run, since: containers.first, folder: None, lease: None, items });
        }
        for (run, containers) in &self.beside {
            let Ok(id) = run.parse::<RunId>() else { continue };
            let is_told = leftovers.iter().any(|left| left.run == *run);
            if is_told || self.taken.contains(&KindSettings::default_name(run)) || Beacon::is_lit(&id) {
                continue;
            }
            if self.scope.takes(run, containers.first) {
                let (run, items) = (run.clone(), vec![beside(containers)]);
                leftovers.push(Leftover { run, since: containers.first, folder: None, lease: None, items });
            }
        }
        leftovers
    }
}

fn place(name: &str, containers: &Containers) -> String {
    format!("{name} ({})", containers.names.join(", "))
}

fn beside(containers: &Containers) -> Item {
    Item::new(Thing::Container, containers.names.join(", "), Fate::Remove(Work::Containers))
}

fn folder(path: &Path, fate: Fate) -> Item {
    Item::new(Thing::Folder, path.display().to_string(), fate)
}

fn killed(process: Process) -> Item {
    Item::new(Thing::Process, process.spelled(), Fate::Remove(Work::Kill(process)))
}
