//! Waits on what the API server can tell: list, then watch.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use futures_util::StreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::progress::Running;
use super::{Progress, WaitError};
use crate::context::RunContext;
use crate::trouble::{chain, kube_words};

/// A watch that says nothing for this long (and 5 s) is taken for dead and begun anew, in seconds.
const QUIET: u32 = 25;

/// Watches objects until `look` says [`Progress::Done`] of the whole current set.
///
/// `look` gets the objects by `namespace/name` (`name` where there is no namespace) and is asked once the initial list
/// is complete and at every event after it. A watch that closes is resumed, one that is too old (410) is listed anew,
/// and an API server that does not answer is asked again, all inside the budget.
///
/// # Errors
/// [`WaitError::Deadline`] with the status last seen, [`WaitError::Cancelled`], and [`WaitError::Refused`] where the
/// user may not list or watch (401, 403). A set that is empty is no error.
pub async fn watch_until<K, T>(
    context: &RunContext,
    api: Api<K>,
    config: watcher::Config,
    name: &str,
    limit: Duration,
    mut look: impl FnMut(&BTreeMap<String, K>) -> Progress<T>,
) -> Result<T, WaitError>
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    let mut running = Running::begin(context, name, limit);
    let config = watcher::Config { timeout: config.timeout.or(Some(QUIET)), ..config };
    let mut events = Box::pin(watcher(api.clone(), config.clone()));
    let mut set = CurrentSet::default();
    let mut last = None;
    loop {
        match running.step(events.next()).await? {
            Some(Ok(event)) => {
                if !set.apply(event) {
                    continue;
                }
                match look(&set.objects) {
                    Progress::Done(value) => {
                        running.saw("done");
                        return Ok(value);
                    }
                    Progress::NotYet(status) => {
                        last = Some(status.clone());
                        running.saw(status);
                    }
                }
            }
            Some(Err(error)) => {
                let words = words(&error);
                if is_refusal(&error) {
                    running.saw(words.clone());
                    return Err(running.refused(words));
                }
                if is_too_old(&error) {
                    // It tells nothing about the condition. kube lists anew after a 410 event, but not after a 410 answer.
                    events = Box::pin(watcher(api.clone(), config.clone()));
                } else {
                    // What the objects last said stays, for the server's trouble may be what the budget ends in.
                    running.saw(
                        last.iter()
                            .map(String::as_str)
                            .chain([words.as_str()])
                            .collect::<Vec<_>>()
                            .join("; since then: "),
                    );
                }
                running.pause().await?;
            }
            // The watcher never ends by itself; should it, the budget decides.
            None => running.pause().await?,
        }
    }
}

/// The objects as of the last event. A list that is under way does not touch the set until it is complete.
struct CurrentSet<K> {
    objects: BTreeMap<String, K>,
    arriving: BTreeMap<String, K>,
    complete: bool,
}

impl<K> Default for CurrentSet<K> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), arriving: BTreeMap::new(), complete: false }
    }
}

impl<K: Resource> CurrentSet<K> {
    /// Takes an event in; tells whether the set is complete and may have changed.
    fn apply(&mut self, event: Event<K>) -> bool {
        match event {
            Event::Init => self.arriving.clear(),
            Event::InitApply(object) => {
                self.arriving.insert(key(&object), object);
                return false;
            }
            Event::InitDone => {
                self.objects = std::mem::take(&mut self.arriving);
                self.complete = true;
                return true;
            }
            Event::Apply(object) => {
                self.objects.insert(key(&object), object);
                return self.complete;
            }
            Event::Delete(object) => {
                self.objects.remove(&key(&object));
                return self.complete;
            }
        }
        false
    }
}

fn key<K: Resource>(object: &K) -> String {
    match object.namespace() {
        Some(namespace) => format!("{namespace}/{}", object.name_any()),
        None => object.name_any(),
    }
}

fn is_refusal(error: &watcher::Error) -> bool {
    status_code(error).is_some_and(|code| code == 401 || code == 403)
}

fn is_too_old(error: &watcher::Error) -> bool {
    status_code(error) == Some(410)
}

fn words(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(cause) => format!("cannot list: {}", kube_words(cause)),
        watcher::Error::WatchStartFailed(cause) | watcher::Error::WatchFailed(cause) => {
            format!("cannot watch: {}", kube_words(cause))
        }
        watcher::Error::WatchError(status) => format!("the watch ended: {} ({})", status.message, status.code),
        other @ watcher::Error::NoResourceVersion => chain(other),
    }
}

fn status_code(error: &watcher::Error) -> Option<u16> {
    match error {
        watcher::Error::WatchError(status) => Some(status.code),
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchFailed(kube::Error::Api(status)) => Some(status.code),
        _ => None,
    }
}
