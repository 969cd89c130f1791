//! The objects themselves, read.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::mpsc;

use super::admission::Admission;
use super::history::History;
use super::watch::Event;
use super::{Change, Key, Kind, Refusal, Selector, Watch, What};

/// Changes of one resource that are kept for watches that begin in the past, or fall behind.
const HISTORY: usize = 4096;

/// All objects of a cluster. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) state: Mutex<State>,
    pub(super) admission: Vec<Box<dyn Admission>>,
}

/// The objects of one namespace, by name.
type Names = BTreeMap<String, Arc<Value>>;

/// What is behind the lock.
#[derive(Debug)]
pub struct State {
    pub(super) version: u64,
    pub(super) capacity: usize,
    pub(super) kinds: BTreeMap<String, Arc<Kind>>,
    pub(super) objects: HashMap<String, BTreeMap<String, Names>>,
    pub(super) histories: HashMap<String, History>,
    pub(super) owned: HashMap<String, BTreeSet<Key>>,
    pub(super) followers: Vec<mpsc::UnboundedSender<Arc<Change>>>,
}

/// A list of objects, and the version at which it is one.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The objects, sorted by namespace and name.
    pub items: Vec<Arc<Value>>,
    /// The store's version.
    pub version: u64,
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// With everything that is there, as additions.
    Now,
    /// After a version of the past.
    Version(u64),
}

impl Store {
    /// Makes a store with kinds and without objects. `admission` is asked in its order before anything is written.
    #[must_use]
    pub fn new(kinds: Vec<Kind>, admission: Vec<Box<dyn Admission>>) -> Self {
        Self::with_history(kinds, admission, HISTORY)
    }

    /// As [`Store::new`], keeping only `history` changes of each resource.
    #[must_use]
    pub fn with_history(kinds: Vec<Kind>, admission: Vec<Box<dyn Admission>>, history: usize) -> Self {
        let state = State {
            version: 1,
            capacity: history,
            kinds: BTreeMap::new(),
            objects: HashMap::new(),
            histories: HashMap::new(),
            owned: HashMap::new(),
            followers: Vec::new(),
        };
        let store = Self { inner: Arc::new(Inner { state: Mutex::new(state), admission }) };
        store.install_kinds(kinds);
        store
    }

    /// Adds kinds: those that a mesh brings. A kind that is there is replaced, its objects stay.
    pub fn install_kinds(&self, kinds: Vec<Kind>) {
        let mut state = self.lock();
        for kind in kinds {
            let (capacity, version) = (state.capacity, state.version);
            state.histories.entry(kind.resource.clone()).or_insert_with(|| History::new(capacity, version));
            state.kinds.insert(kind.resource.clone(), Arc::new(kind));
        }
    }

    /// Returns the kind of a resource (`pods`, `deployments.apps`).
    #[must_use]
    pub fn kind(&self, resource: &str) -> Option<Arc<Kind>> {
        self.lock().kinds.get(resource).cloned()
    }

    /// Lists all kinds, sorted by resource.
    #[must_use]
    pub fn kinds(&self) -> Vec<Arc<Kind>> {
        self.lock().kinds.values().cloned().collect()
    }

    /// Returns the newest version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// Returns an object.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn get(&self, key: &Key) -> Result<Arc<Value>, Refusal> {
        let state = self.lock();
        state.get(key).ok_or_else(|| not_found(key))
    }

    /// Lists the objects of a resource, of one namespace or (with `None`) of all. An unknown resource has none.
    #[must_use]
    pub fn list(&self, resource: &str, namespace: Option<&str>, selector: &Selector) -> Listing {
        let state = self.lock();
        let items = state.all(resource, namespace).filter(|object| selector.matches(object)).cloned().collect();
        Listing { items, version: state.version }
    }

    /// Lists the objects that name this uid among their owners.
    #[must_use]
    pub fn owned(&self, uid: &str) -> Vec<(Key, Arc<Value>)> {
        let state = self.lock();
        let keys = state.owned.get(uid).into_iter().flatten();
        keys.filter_map(|key| Some((key.clone(), state.get(key)?))).collect()
    }

    /// Lists everything in a namespace.
    #[must_use]
    pub fn contents(&self, namespace: &str) -> Vec<Key> {
        let state = self.lock();
        let mut keys = Vec::new();
        for (resource, spaces) in state.objects.iter().filter(|(resource, _)| *resource != super::resource::NAMESPACES)
        {
            let names = spaces.get(namespace).filter(|_| !namespace.is_empty());
            keys.extend(
                names.into_iter().flat_map(|names| names.keys()).map(|name| Key::new(resource, namespace, name)),
            );
        }
        keys.sort();
        keys
    }

    /// Starts a watch of a resource, of one namespace or (with `None`) of all.
    ///
    /// # Errors
    /// [`Refusal::NoSuchResource`] for an unknown resource, [`Refusal::Expired`] when the version is too old.
    pub fn watch(
        &self,
        resource: &str,
        namespace: Option<&str>,
        selector: Selector,
        since: Since,
    ) -> Result<Watch, Refusal> {
        let state = self.lock();
        let history = state.histories.get(resource).ok_or(Refusal::NoSuchResource)?;
        let mut ready = VecDeque::new();
        let seen = match since {
            Since::Version(version) => {
                history.after(version).map_err(|oldest| Refusal::Expired { wanted: version, oldest })?;
                version
            }
            Since::Now => {
                let objects = state.all(resource, namespace).filter(|object| selector.matches(object));
                ready.extend(objects.map(|object| Event { what: What::Added, object: object.clone() }));
                state.version
            }
        };
        let namespace = namespace.map(str::to_owned);
        let news = history.listen();
        let (store, resource) = (self.clone(), resource.to_owned());
        Ok(Watch { store, resource, namespace, selector, seen, news, ready })
    }

    /// Follows every change of every resource from now on, in order and without loss. For controllers: who does not read
    /// lets the changes pile up.
    #[must_use]
    pub fn follow(&self) -> mpsc::UnboundedReceiver<Arc<Change>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.lock().followers.push(sender);
        receiver
    }

    /// Returns the changes of a resource after a version, and the version that they lead to.
    pub(super) fn changes_after(&self, resource: &str, version: u64) -> Result<(Vec<Arc<Change>>, u64), Refusal> {
        let state = self.lock();
        let history = state.histories.get(resource).ok_or(Refusal::NoSuchResource)?;
        let changes = history.after(version).map_err(|oldest| Refusal::Expired { wanted: version, oldest })?;
        Ok((changes, state.version.max(version)))
    }

    /// A panic while the lock was held leaves whole objects: they are replaced, never changed.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns an object.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(&key.resource)?.get(&key.namespace)?.get(&key.name).cloned()
    }

    /// Returns the objects of a resource, of one namespace or (with `None`) of all.
    pub fn all<'a>(
        &'a self,
        resource: &str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> + use<'a> {
        let spaces = self.objects.get(resource).into_iter().flatten();
        let spaces = spaces.filter(move |(name, _)| namespace.is_none_or(|wanted| wanted == name.as_str()));
        spaces.flat_map(|(_, names)| names.values())
    }
}

pub(super) fn not_found(key: &Key) -> Refusal {
    Refusal::NotFound { resource: key.resource.clone(), name: key.name.clone() }
}
