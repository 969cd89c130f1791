//! Starting one incarnation of a container.

use std::ffi::OsString;
use std::io;
use std::process::Stdio;
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::redirect::redirect;
use crate::node::container::process::{Group, Log, Order, Output, spawn};
use crate::node::container::ready::Awaited;
use crate::node::container::words::{environment, find, words};
use crate::node::container::{Place, Surroundings};
use crate::node::image::Program;
use crate::store::object::{items, name, text};

/// A container that runs.
pub(super) struct Running {
    body: Body,
    /// What runs beside it in this process.
    beside: Option<Aborted<()>>,
    /// Told when the program says that it can be called; `None` where it says nothing.
    pub(super) awaited: Option<oneshot::Receiver<()>>,
}

enum Body {
    Process(Group, Option<Output>),
    Task(Aborted<i32>, Log),
}

/// A task that is aborted with whoever waits for it.
struct Aborted<T>(JoinHandle<T>);

/// Why a container does not start: for good in its place, or as a program that failed.
pub(super) enum Failure {
    /// The spec cannot be followed: a reason and words.
    Config(&'static str, String),
    /// The program does not start, in words.
    Start(String),
}

impl Running {
    /// Starts it. The log is begun whatever becomes of it.
    pub(super) async fn start(place: &Arc<Place>, spec: &Value, incarnation: u32) -> Result<Self, Failure> {
        let (container, image) = (name_of(spec), text(spec, "/image"));
        let program = place.tools.images.find(image);
        let program = program.ok_or_else(|| Failure::Config("ErrImagePull", place.tools.images.unknown(image)))?;
        let log = begin_log(place, container, incarnation).map_err(|error| Failure::Start(error.to_string()))?;
        let is_redirect = items(spec, "/args").first().is_some_and(|word| word == "istio-iptables");
        match program {
            Program::Proxy if is_redirect => Ok(Self::redirect(place, spec, log)),
            Program::Redirect => Ok(Self::redirect(place, spec, log)),
            Program::Builtin(builtin) => {
                let started = builtin.start(place.sandbox.namespace(), &place.pod(), &log);
                let task = started.map_err(|error| Failure::Start(error.to_string()))?;
                place.runs(container, Surroundings { environment: own(place), folder: "/".into() });
                let mut task = Aborted(task);
                let ended = tokio::spawn(async move { i32::from(task.ended().await.is_none()) });
                Ok(Self { body: Body::Task(Aborted(ended), log), beside: None, awaited: None })
            }
            program => Self::process(place, spec, &program, &log).await,
        }
    }

    async fn process(place: &Arc<Place>, spec: &Value, program: &Program, log: &Log) -> Result<Self, Failure> {
        let pod = place.pod();
        let mut variables = own(place);
        let named = environment(&pod, spec).map_err(|why| Failure::Config("CreateContainerConfigError", why))?;
        variables.retain(|(key, _)| named.iter().all(|(other, _)| other != key));
        variables.extend(named);
        let words = words(program, spec, &variables);
        let folder = Some(text(spec, "/workingDir")).filter(|folder| !folder.is_empty()).unwrap_or("/");
        let surroundings = Surroundings { environment: variables, folder: folder.into() };
        let order = match program {
            Program::Proxy => launch(place, &pod)?,
            _ => order(place, &words, &surroundings)?,
        };
        let awaited = Awaited::of(program, &words, &place.tools.proxies);
        let failed = |error: io::Error| Failure::Start(error.to_string());
        let beside = match program {
            Program::Proxy => place.tools.proxies.accompany(place.sandbox.namespace(), &pod).map_err(failed)?,
            _ => None,
        };
        let beside = beside.map(Aborted);
        let (output, [stdout, stderr], awaited) = Output::open(log, awaited).map_err(failed)?;
        match spawn(place.sandbox.namespace(), order, [Stdio::null(), stdout, stderr]).await {
            Ok(group) => {
                place.runs(name_of(spec), surroundings);
                Ok(Self { body: Body::Process(group, Some(output)), beside, awaited })
            }
            Err(error) => {
                output.finish().await;
                Err(failed(error))
            }
        }
    }

    fn redirect(place: &Arc<Place>, spec: &Value, log: Log) -> Self {
        let (place, spec, own) = (Arc::clone(place), spec.clone(), log.clone());
        let work = move || match place.tools.proxies.redirect(&place.pod(), &spec) {
            Ok(redirection) => redirect(place.sandbox.namespace(), &redirection, &own),
            Err(why) => {
                own.say(&why);
                1
            }
        };
        Self { body: Body::Task(Aborted(tokio::task::spawn_blocking(work)), log), beside: None, awaited: None }
    }

    /// Waits for its end, and returns its exit code.
    pub(super) async fn wait(&mut self) -> i32 {
        match &mut self.body {
            Body::Process(group, output) => {
                group.settled().await;
                let code = group.wait().await;
                // Nothing of a container outlives its first process.
                group.signal(Signal::KILL);
                if let Some(output) = output.take() {
                    output.finish().await;
                }
                if let Some(mut beside) = self.beside.take() {
                    // Its ports must be free for the next start.
                    beside.0.abort();
                    beside.ended().await;
                }
                code
            }
            Body::Task(task, log) => {
                let code = task.ended().await.unwrap_or(1);
                log.close();
                code
            }
        }
    }

    /// Asks it to end.
    pub(super) fn terminate(&self) {
        match &self.body {
            Body::Process(group, _) => group.signal(Signal::TERM),
            Body::Task(task, _) => task.0.abort(),
        }
    }

    /// Ends it.
    pub(super) fn kill(&self) {
        match &self.body {
            Body::Process(group, _) => group.signal(Signal::KILL),
            Body::Task(task, _) => task.0.abort(),
        }
    }
}

impl<T> Aborted<T> {
    /// Waits for its end; `None` where it was aborted or panicked.
    async fn ended(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for Aborted<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn name_of(spec: &Value) -> &str {
    text(spec, "/name")
}

/// What every container has in its environment.
fn own(place: &Place) -> Vec<(String, String)> {
    let programs = place.tools.settings.programs();
    let path = format!("{}:{}", programs.display(), place.tools.search);
    let pod = place.pod();
    let host = text(&pod, "/spec/hostname");
    let host = if host.is_empty() { name(&pod) } else { host };
    [("PATH", path.as_str()), ("HOSTNAME", host), ("HOME", "/root")]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn begin_log(place: &Place, container: &str, incarnation: u32) -> io::Result<Log> {
    let log = Log::create(&place.tools.settings.log(&place.uid, container, incarnation))?;
    place.add_log(container, log.clone());
    Ok(log)
}

fn order(place: &Place, words: &[String], surroundings: &Surroundings) -> Result<Order, Failure> {
    let none = || Failure::Start("the container names no command, and its image has none".to_owned());
    let (word, args) = words.split_first().ok_or_else(none)?;
    let program = find(word, &place.tools.settings.programs(), &place.tools.search).map_err(Failure::Start)?;
    let environment = surroundings.environment.iter().map(|(key, value)| (key.into(), value.into())).collect();
    Ok(Order {
        program,
        args: args.iter().map(OsString::from).collect(),
        environment,
        folder: surroundings.folder.clone(),
    })
}

fn launch(place: &Place, pod: &Value) -> Result<Order, Failure> {
    let folder = place.folder.join("proxy");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::Start(error.to_string()))?;
    let launch = place.tools.proxies.launch(pod, &folder).map_err(Failure::Start)?;
    Ok(Order { program: launch.program, args: launch.args, environment: launch.env, folder: "/".into() })
}
