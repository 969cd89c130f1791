//! Keeping a container running.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};

use super::start::{Failure, Running};
use super::{Exit, Report, What};
use crate::node::container::Place;
use crate::node::container::ready::{Finding, Readiness};
use crate::store::object::{now, text};

/// How long a container that failed waits before its next start but one, and at most; and after how long a run it begins anew
/// (kubernetes/kubernetes:pkg/kubelet/kubelet.go).
const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(300);
const FORGIVEN: Duration = Duration::from_secs(600);

/// Which ends of a container are followed by another start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::node) enum Restart {
    /// All.
    Always,
    /// Those with a code other than 0.
    OnFailure,
    /// None.
    Never,
}

/// A container to be run.
pub(in crate::node) struct Container {
    /// Its pod.
    pub(in crate::node) place: Arc<Place>,
    /// Its number in the pod.
    pub(in crate::node) number: usize,
    /// Its spec.
    pub(in crate::node) spec: Value,
    /// When it is started again.
    pub(in crate::node) restart: Restart,
    /// Who is told what happens.
    pub(in crate::node) reports: mpsc::UnboundedSender<Report>,
    /// Until when it must have ended; `None` as long as it need not end.
    pub(in crate::node) end: watch::Receiver<Option<Instant>>,
}

impl Container {
    /// Runs it until it has ended for good. When this is dropped, its processes are killed.
    pub(in crate::node) async fn run(mut self) {
        let (mut pause, mut incarnation) = (Duration::ZERO, 0);
        loop {
            let began = Instant::now();
            let Some(exit) = self.once(incarnation).await else { return };
            let code = exit.code;
            self.tell(What::Ended(exit));
            let is_over = match self.restart {
                Restart::Always => false,
                Restart::OnFailure => code == 0,
                Restart::Never => true,
            };
            if is_over || self.end.borrow().is_some() {
                return;
            }
            if began.elapsed() >= FORGIVEN {
                pause = Duration::ZERO;
            }
            if pause > Duration::ZERO {
                let name = text(&self.spec, "/name");
                let words = format!("back-off {}s restarting failed container={name}", pause.as_secs());
                self.tell(What::Waiting("CrashLoopBackOff", words));
                if timeout(pause, wanted(&mut self.end)).await.is_ok() {
                    return;
                }
            }
            pause = (pause * 2).clamp(FIRST, LONGEST);
            incarnation += 1;
        }
    }

    /// Runs it once; `None` where it never can, and its end is wanted by now.
    async fn once(&mut self, incarnation: u32) -> Option<Exit> {
        let mut running = match Running::start(&self.place, &self.spec, incarnation).await {
            Ok(running) => running,
            Err(Failure::Start(why)) => return Some(Exit::never(why)),
            Err(Failure::Config(reason, why)) => {
                self.tell(What::Waiting(reason, why));
                wanted(&mut self.end).await;
                return None;
            }
        };
        let name = text(&self.spec, "/name").to_owned();
        let started = now();
        self.tell(What::Running(started.clone()));
        let (reports, number) = (self.reports.clone(), self.number);
        let readiness = Readiness::of(&self.place, &name, &self.spec, running.awaited.take());
        let (give_up, mut hopeless) = mpsc::unbounded_channel();
        let tell = move |finding: Finding| {
            let what = match finding {
                Finding::Started => What::Started,
                Finding::Ready(is_ready) => What::Ready(is_ready),
                Finding::Unhealthy(why) => What::Unhealthy(why),
                Finding::Hopeless(why) => {
                    let _is_heard = give_up.send(()).is_ok();
                    What::Unhealthy(why)
                }
            };
            // The pod may have gone.
            drop(reports.send(Report { number, what }));
        };
        let code = tokio::select! {
            code = running.wait() => Some(code),
            _ = wanted(&mut self.end) => None,
            Some(()) = hopeless.recv() => None,
            () = readiness.watch(tell) => None,
        };
        let code = match code {
            Some(code) => code,
            None => self.terminate(&mut running).await,
        };
        self.place.ended(&name);
        Some(Exit::of(code, started))
    }

    /// Asks the program to end, and ends it when its time is over.
    async fn terminate(&mut self, running: &mut Running) -> i32 {
        running.terminate();
        let grace =
            self.place.pod().pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_u64).unwrap_or(30);
        let own = Instant::now() + Duration::from_secs(grace);
        loop {
            let deadline = self.end.borrow_and_update().unwrap_or(own);
            tokio::select! {
                code = timeout_at(deadline, running.wait()) => match code {
                    Ok(code) => return code,
                    Err(_) => break,
                },
                // The time may get shorter.
                Ok(()) = self.end.changed() => {}
            }
        }
        running.kill();
        running.wait().await
    }

    fn tell(&self, what: What) {
        // The pod may have gone.
        drop(self.reports.send(Report { number: self.number, what }));
    }
}

/// Waits until the end is wanted, and returns until when.
async fn wanted(end: &mut watch::Receiver<Option<Instant>>) -> Instant {
    match end.wait_for(Option::is_some).await {
        Ok(deadline) => deadline.unwrap_or_else(Instant::now),
        // Whoever would say so is gone.
        Err(_) => Instant::now(),
    }
}
