//! All sidecars.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use dualproof_model::evidence::PodRef;
use dualproof_model::family::IpFamily;
use dualproof_model::spec::VersionProfile;
use dualproof_netns::traffic::Redirect;
use dualproof_shapes::files::{Certificates, Delivery, Files, Layout, Readiness};
use dualproof_shapes::settings::{DualStack, Settings};
use dualproof_shapes::sidecar::Sidecar;
use dualproof_shapes::world::{Objects, World, WorldError};
use serde_json::Value;

use super::folder::{BOOTSTRAP, CERTIFICATES, Folder};
use super::knowledge::Knowledge;
use super::member::{self, Member};
use crate::authority::{Authority, Identity};
use crate::mesh::MeshError;
use crate::mesh::installation::Installation;
use crate::store::{Store, object};
use crate::trouble::chain;

/// Changes what a sidecar is sent, before it is: a fault. Called for every sidecar at every push, so it must always do the same.
pub type Alteration = dyn Fn(&PodRef, &mut Sidecar) + Send + Sync;

/// All sidecars, and what they are computed from.
pub(in crate::mesh) struct Fleet {
    knowledge: Knowledge,
    profiles: Vec<VersionProfile>,
    authority: Authority,
    members: BTreeMap<String, Member>,
    alteration: Option<Arc<Alteration>>,
    pushes: u64,
    /// Something was learned that was not sent yet.
    owes: bool,
    said: Vec<String>,
}

/// How a sidecar is started.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mesh) struct Start {
    /// What Envoy reads first.
    pub(in crate::mesh) bootstrap: PathBuf,
    /// The family of the pod's first address.
    pub(in crate::mesh) family: IpFamily,
}

impl Fleet {
    pub(in crate::mesh) fn new(store: &Store, profiles: Vec<VersionProfile>, authority: Authority) -> Self {
        Self {
            knowledge: Knowledge::of(store),
            profiles,
            authority,
            members: BTreeMap::new(),
            alteration: None,
            pushes: 0,
            owes: false,
            said: Vec::new(),
        }
    }

    /// What the mesh is set to.
    ///
    /// # Errors
    /// In words why there is no mesh that works: none is installed, its settings are wrong, no profile has its version.
    pub(in crate::mesh) fn installation(&mut self) -> Result<(Installation, Settings), String> {
        self.learn();
        let installation = self.knowledge.installation().map_err(|error| worded(&error))?.clone();
        let settings = installation.settings(&self.profiles).map_err(|error| worded(&error))?;
        Ok((installation, settings))
    }

    /// Writes the files of a pod's sidecar into a folder, and counts it among the sidecars from now on. A sidecar that is started again is
    /// begun anew.
    ///
    /// # Errors
    /// In words why it cannot be started.
    pub(in crate::mesh) fn start(&mut self, pod: &Value, folder: &Path) -> Result<Start, String> {
        let (installation, settings) = self.installation()?;
        let read = World::read(&Objects { pods: std::slice::from_ref(pod), ..Objects::default() });
        let own = read.map_err(|error| chain(&error))?.pods.pop_first().ok_or("the pod cannot be read")?.1;
        let first = own.ips.first().ok_or_else(|| WorldError::NoAddress(own.id.clone()).to_string())?;
        let family = IpFamily::of(first);
        let named = Identity::new(&settings.names.trust_domain, &own.id.namespace, &own.service_account);
        let certificate = named.and_then(|identity| self.authority.issue(&identity, SystemTime::now()));
        let certificate = certificate.map_err(|error| worded(&error.into()))?;
        let member = Member {
            pod: own,
            uid: object::uid(pod).to_owned(),
            dual_stack: member::dual_stack(pod),
            folder: Folder::at(folder),
            trouble: None,
            heard: Default::default(),
        };
        member.folder.certify(&certificate, self.authority.root()).map_err(|error| worded(&error))?;
        let bootstrap = member.folder.path(BOOTSTRAP);
        let uid = member.uid.clone();
        self.members.insert(uid.clone(), member);
        let world = self.world(&installation);
        let version = self.next_version();
        let sent = match self.members.get_mut(&uid) {
            Some(member) => send(member, &world, &settings, self.alteration.as_deref(), &version),
            None => Ok(()),
        };
        sent.map_err(|error| {
            self.members.remove(&uid);
            worded(&error)
        })?;
        Ok(Start { bootstrap, family })
    }

    /// Forgets a sidecar. One that is not known is no error.
    pub(in crate::mesh) fn gone(&mut self, uid: &str) {
        self.members.remove(uid);
    }

    /// Changes what every sidecar is sent from now on, and sends it.
    pub(in crate::mesh) fn alter(&mut self, alteration: Option<Arc<Alteration>>) {
        self.alteration = alteration;
        self.owes = true;
        self.push();
    }

    /// Sends every sidecar what it should have by now, if anything that it could depend on has changed.
    pub(in crate::mesh) fn push(&mut self) {
        self.learn();
        if std::mem::take(&mut self.owes) {
            self.send_all();
        }
    }

    /// The sidecars.
    pub(in crate::mesh) fn members(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.values_mut()
    }

    /// Takes what there is to say, for the control plane's log.
    pub(in crate::mesh) fn take_said(&mut self) -> Vec<String> {
        self.said.append(&mut self.knowledge.take_said());
        std::mem::take(&mut self.said)
    }

    fn learn(&mut self) {
        self.owes |= self.knowledge.refresh();
    }

    fn world(&self, installation: &Installation) -> World {
        self.knowledge.world(installation, self.members.values().map(|member| &member.pod))
    }

    fn next_version(&mut self) -> String {
        self.pushes += 1;
        format!("{}/{}", object::now(), self.pushes)
    }

    /// Without a mesh that works, sidecars keep what they have.
    fn send_all(&mut self) {
        if self.members.is_empty() {
            return;
        }
        let Ok(installation) = self.knowledge.installation().cloned() else { return };
        let Ok(settings) = installation.settings(&self.profiles) else { return };
        let world = self.world(&installation);
        let version = self.next_version();
        for member in self.members.values_mut() {
            let sent = send(member, &world, &settings, self.alteration.as_deref(), &version);
            member.trouble = sent.err().map(|error| chain(&error));
            self.said.extend(member.trouble.clone());
        }
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet").field("members", &self.members).finish_non_exhaustive()
    }
}

fn worded(error: &MeshError) -> String {
    format!("{}; {}", chain(error), error.hint())
}

fn send(
    member: &mut Member,
    world: &World,
    settings: &Settings,
    alteration: Option<&Alteration>,
    version: &str,
) -> Result<(), MeshError> {
    let own = DualStack { proxy: member.dual_stack, ..settings.dual_stack };
    let settings = Settings { dual_stack: own, ..settings.clone() };
    let pod = member.pod.id.clone();
    let mut sidecar = Sidecar::of(world, &settings, &pod)
        .map_err(|source| MeshError::Shapes { pod: pod.clone(), source: Box::new(source) })?;
    if let Some(alter) = alteration {
        alter(&pod, &mut sidecar);
    }
    let path = |file: &str| member.folder.path(file).to_string_lossy().into_owned();
    let [chain, key, roots] = CERTIFICATES.map(path);
    let layout = Layout {
        folder: member.folder.path("").to_string_lossy().trim_end_matches('/').to_owned(),
        certificates: Certificates { chain, key, roots },
        mark: Some(Redirect::default().mark),
        // Each watched file is an inotify instance, of which a machine gives its user 128: files of single endpoints would use them up.
        delivery: Delivery::Inline,
        readiness: Readiness::Proxy,
    };
    member.folder.update(Files::of(sidecar, &layout, version), version)
}
