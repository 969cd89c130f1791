//! What the control plane knows: each object read once, when it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use dualproof_model::evidence::PodRef;
use dualproof_shapes::world::{
    EndpointSlice, MtlsMode, Objects, PeerAuthentication, Pod, Scope, Service, World, WorldError,
};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::mesh::installation::Installation;
use crate::mesh::{MeshError, SYSTEM};
use crate::store::{Change, Key, Selector, Store, What, istio, resource};
use crate::trouble::chain;

const POLICIES: &str = "peerauthentications.security.istio.io";
const SIDECARS: &str = "sidecars.networking.istio.io";

/// The kinds that are learned.
const KINDS: [&str; 6] =
    [resource::SERVICES, resource::ENDPOINT_SLICES, resource::PODS, POLICIES, SIDECARS, resource::CONFIG_MAPS];

/// Everything that sidecars are computed from.
#[derive(Debug)]
pub(super) struct Knowledge {
    store: Store,
    changes: UnboundedReceiver<Arc<Change>>,
    services: BTreeMap<Key, Service>,
    slices: BTreeMap<Key, EndpointSlice>,
    pods: BTreeMap<Key, Pod>,
    policies: BTreeMap<Key, PeerAuthentication>,
    scopes: BTreeMap<Key, Scope>,
    installation: Option<Result<Installation, Arc<MeshError>>>,
    said: Vec<String>,
}

impl Knowledge {
    /// Learns everything that is there.
    pub(super) fn of(store: &Store) -> Self {
        // First, so that nothing is lost in between; what is told twice is read twice.
        let changes = store.follow();
        let mut knowledge = Self {
            store: store.clone(),
            changes,
            services: BTreeMap::new(),
            slices: BTreeMap::new(),
            pods: BTreeMap::new(),
            policies: BTreeMap::new(),
            scopes: BTreeMap::new(),
            installation: None,
            said: Vec::new(),
        };
        for kind in KINDS {
            for object in store.list(kind, None, &Selector::default()).items {
                let metadata = &object["metadata"];
                let text = |field: &str| metadata[field].as_str().unwrap_or_default();
                let key = Key::new(kind, text("namespace"), text("name"));
                knowledge.learn(&key, Some(&object));
            }
        }
        knowledge
    }

    /// Learns what has changed since, and tells whether any sidecar could be sent something else for it.
    pub(super) fn refresh(&mut self) -> bool {
        let mut differs = false;
        while let Ok(change) = self.changes.try_recv() {
            differs |= self.learn(&change.key, (change.what != What::Deleted).then_some(&*change.object));
        }
        differs
    }

    /// What the mesh is set to.
    ///
    /// # Errors
    /// As [`Installation::read`].
    pub(super) fn installation(&self) -> Result<&Installation, Arc<MeshError>> {
        match &self.installation {
            Some(Ok(installation)) => Ok(installation),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Arc::new(
                Installation::read(None).err().unwrap_or(MeshError::NotInstalled { namespace: SYSTEM, name: "" }),
            )),
        }
    }

    /// Puts the world together. `started` are pods as they were when their sidecar was started, for those whose addresses the store does
    /// not have yet.
    pub(super) fn world<'a>(&self, installation: &Installation, started: impl Iterator<Item = &'a Pod>) -> World {
        let mut services: Vec<Service> = self.services.values().cloned().collect();
        services.sort_by(|left, right| left.age().cmp(&right.age()));
        let mut pods: BTreeMap<PodRef, Pod> = self.pods.values().map(|pod| (pod.id.clone(), pod.clone())).collect();
        for pod in started {
            let known = pods.entry(pod.id.clone()).or_insert_with(|| pod.clone());
            if known.ips.is_empty() {
                known.ips.clone_from(&pod.ips);
            }
        }
        let mut policies: Vec<PeerAuthentication> = self.policies.values().cloned().collect();
        if installation.mtls != MtlsMode::Permissive {
            // The youngest of all, so that any policy of the mesh's own namespace comes before it.
            policies.push(PeerAuthentication {
                namespace: SYSTEM.to_owned(),
                name: "mesh".to_owned(),
                created: "9999".to_owned(),
                mode: Some(installation.mtls),
                ..PeerAuthentication::default()
            });
        }
        let (slices, scopes) = (self.slices.values().cloned().collect(), self.scopes.values().cloned().collect());
        World { services, slices, pods, policies, scopes }
    }

    /// Takes what there is to say of objects that cannot be read.
    pub(super) fn take_said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    fn learn(&mut self, key: &Key, object: Option<&Value>) -> bool {
        let list = object.map(std::slice::from_ref).unwrap_or_default();
        let nothing = Objects::default();
        let outcome = match key.resource.as_str() {
            resource::SERVICES => {
                put(&mut self.services, key, &Objects { services: list, ..nothing }, |world| world.services)
            }
            resource::ENDPOINT_SLICES => {
                // One without ready endpoints is as none.
                let objects = Objects { endpoint_slices: list, ..nothing };
                put(&mut self.slices, key, &objects, |mut world| {
                    world.slices.retain(|slice| !slice.endpoints.is_empty());
                    world.slices
                })
            }
            resource::PODS => {
                let before = self.pods.get(key).cloned();
                let objects = Objects { pods: list, ..nothing };
                put(&mut self.pods, key, &objects, |world| world.pods.into_values().collect())
                    .map(|differs| differs && self.concerns_others(before.as_ref(), self.pods.get(key)))
            }
            POLICIES => {
                put(&mut self.policies, key, &Objects { peer_authentications: list, ..nothing }, |world| world.policies)
            }
            SIDECARS => put(&mut self.scopes, key, &Objects { sidecars: list, ..nothing }, |world| world.scopes),
            resource::CONFIG_MAPS if *key == Installation::key() => {
                self.install(object);
                Ok(true)
            }
            _ => Ok(false),
        };
        outcome.unwrap_or_else(|error| {
            self.said.push(format!("{} {}/{} is left out: {}", key.resource, key.namespace, key.name, chain(&error)));
            true
        })
    }

    /// Tells whether a change of a pod may concern any sidecar but its own, which is begun with the pod as it is then. That a pod is there, and
    /// that it gets its addresses, does not unless an EndpointSlice has it already: when one takes it in, that is a change itself.
    fn concerns_others(&self, before: Option<&Pod>, after: Option<&Pod>) -> bool {
        let is_arrival = match (before, after) {
            (None, _) => true,
            (Some(before), Some(after)) if before.ips.is_empty() => {
                *after == Pod { ips: after.ips.clone(), node: after.node.clone(), ..before.clone() }
            }
            _ => false,
        };
        let Some(pod) = after.or(before) else { return false };
        let mut endpoints = self.slices.values().flat_map(|slice| &slice.endpoints);
        !is_arrival || endpoints.any(|endpoint| endpoint.pod.as_ref() == Some(&pod.id))
    }

    fn install(&mut self, config_map: Option<&Value>) {
        self.installation = config_map.map(|map| Installation::read(Some(map)).map_err(Arc::new));
        if let Some(Err(error)) = &self.installation {
            self.said.push(format!("{error}; {}", error.hint()));
        }
        if config_map.is_some() && self.store.kind(POLICIES).is_none() {
            // An install brings the mesh's kinds with it.
            self.store.install_kinds(istio());
        }
    }
}

/// Puts what was read in place of what was known; tells whether it differs.
///
/// # Errors
/// When the object cannot be read: then it is forgotten.
fn put<T: PartialEq>(
    known: &mut BTreeMap<Key, T>,
    key: &Key,
    objects: &Objects<'_>,
    take: impl FnOnce(World) -> Vec<T>,
) -> Result<bool, WorldError> {
    let before = known.remove(key);
    let after = take(World::read(objects)?).pop();
    let differs = before != after;
    if let Some(after) = after {
        known.insert(key.clone(), after);
    }
    Ok(differs)
}
