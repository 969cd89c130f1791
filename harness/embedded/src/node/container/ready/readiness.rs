//! Telling when a container has started, and whether it is ready.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::probe::Probe;
use crate::node::container::Place;

/// What tells it.
pub(in crate::node::container) struct Readiness {
    place: Arc<Place>,
    container: String,
    awaited: Option<oneshot::Receiver<()>>,
    startup: Option<Probe>,
    readiness: Option<Probe>,
}

/// What was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::node::container) enum Finding {
    /// The container has started: its startup probe, if it has one, has succeeded.
    Started,
    /// The container is ready, or is not any more.
    Ready(bool),
    /// A probe fails; in words.
    Unhealthy(String),
    /// The container must be started again; in words.
    Hopeless(String),
}

impl Readiness {
    /// Reads the probes of a container. `awaited` is told when the program says that it can be called.
    pub(in crate::node::container) fn of(
        place: &Arc<Place>,
        container: &str,
        spec: &Value,
        awaited: Option<oneshot::Receiver<()>>,
    ) -> Self {
        Self {
            place: Arc::clone(place),
            container: container.to_owned(),
            awaited,
            startup: Probe::read(spec, "startupProbe"),
            readiness: Probe::read(spec, "readinessProbe"),
        }
    }

    /// Watches the container and tells what it finds. Never returns by itself.
    pub(in crate::node::container) async fn watch(mut self, mut tell: impl FnMut(Finding)) {
        if let Some(awaited) = self.awaited.take()
            && awaited.await.is_err()
        {
            // Its log has ended without the line, and so has the program.
            return std::future::pending().await;
        }
        if let Some(probe) = self.startup.take()
            && let Err(why) = self.start_up(&probe, &mut tell).await
        {
            tell(Finding::Hopeless(why));
            return std::future::pending().await;
        }
        tell(Finding::Started);
        let Some(probe) = self.readiness.take() else {
            tell(Finding::Ready(true));
            return std::future::pending().await;
        };
        wait_first(&probe).await;
        let mut is_ready = false;
        loop {
            self.until(&probe, is_ready, &mut tell).await;
            is_ready = !is_ready;
            tell(Finding::Ready(is_ready));
        }
    }

    async fn start_up(&self, probe: &Probe, tell: &mut impl FnMut(Finding)) -> Result<(), String> {
        wait_first(probe).await;
        let (mut clock, mut failures) = (probe.clock(false), 0);
        loop {
            clock.tick().await;
            let Err(why) = probe.ask(&self.place, &self.container).await else { return Ok(()) };
            failures += 1;
            if failures == probe.quick_failures() {
                return Err(format!("Startup probe failed: {why}"));
            }
            if failures == 1 {
                tell(Finding::Unhealthy(format!("Startup probe failed: {why}")));
            }
        }
    }

    /// Asks until the container is (not) what it was often enough in a row.
    async fn until(&self, probe: &Probe, was_ready: bool, tell: &mut impl FnMut(Finding)) {
        let mut clock = probe.clock(was_ready);
        if was_ready {
            // It was asked just now.
            clock.reset();
        }
        let needed = if was_ready { probe.failures } else { probe.successes };
        let (mut others, mut is_told) = (0, false);
        while others < needed {
            clock.tick().await;
            let told = probe.ask(&self.place, &self.container).await;
            if told.is_ok() == was_ready {
                others = 0;
            } else {
                others += 1;
            }
            if let Err(why) = told
                && !is_told
            {
                is_told = true;
                tell(Finding::Unhealthy(format!("Readiness probe failed: {why}")));
            }
        }
    }
}

/// Waits as long as the probe's spec says, in which nothing is to happen.
async fn wait_first(probe: &Probe) {
    if probe.delay > Duration::ZERO {
        drop(timeout(probe.delay, std::future::pending::<()>()).await);
    }
}
