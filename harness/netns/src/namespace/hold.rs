//! The thread that holds a namespace, and what is done through it.

use std::any::Any;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::NetnsError;
use crate::filter::Filter;
use crate::link::{Change, Links};

/// Its thread opens files, makes sockets and starts children, none of which needs much.
const STACK: usize = 128 << 10;

type Job = Box<dyn FnOnce() + Send>;

/// A network and mount namespace of its own, held by one thread of its own. It ends when this is dropped, with its links, addresses and rules; as the
/// kernel has it, not before the last process and socket inside end.
///
/// Needs CAP_SYS_ADMIN in the user namespace it is made in: [`crate::confine::confine`] gives it.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    handle: File,
    links: Links,
    filter: Filter,
}

impl Namespace {
    /// Makes a namespace, with `lo` up. The name is for errors and the thread's name (its first 15 bytes); two may have the same.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the kernel refuses another namespace or thread, or has no netlink for links or rules.
    pub fn new(name: &str) -> Result<Self, NetnsError> {
        let (jobs, inbox) = channel::<Job>();
        let (answer, made) = channel();
        let own = name.to_owned();
        let short: String = name.chars().filter(|letter| *letter != '\0').take(15).collect();
        let tried = |action: &str, name: &str| format!("{action} {name}");
        let thread = std::thread::Builder::new()
            .name(short)
            .stack_size(STACK)
            .spawn(move || {
                let is_made = enter(&own);
                let goes_on = is_made.is_ok();
                let is_wanted = answer.send(is_made).is_ok();
                if goes_on && is_wanted {
                    inbox.into_iter().for_each(|job| job());
                }
            })
            .map_err(|source| NetnsError::System { action: tried("start a thread for the namespace", name), source })?;
        let (handle, links, filter) = made.recv().map_err(|_| NetnsError::Gone { namespace: name.to_owned() })??;
        Ok(Self { name: name.to_owned(), jobs: Some(jobs), thread: Some(thread), handle, links, filter })
    }

    /// The name it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs something on its thread and returns what it returns; waits for what was asked before. Keep it short: everybody waits. A panic
    /// inside is returned as an error.
    ///
    /// # Errors
    /// [`NetnsError::Panicked`]; [`NetnsError::Gone`] when the thread has ended.
    pub fn run<T: Send + 'static>(&self, what: impl FnOnce() -> T + Send + 'static) -> Result<T, NetnsError> {
        let gone = || NetnsError::Gone { namespace: self.name.clone() };
        let (answer, result) = channel();
        let job = Box::new(move || {
            // Nobody waits any more when the asking thread has ended: then there is nobody to tell.
            let _is_heard = answer.send(catch_unwind(AssertUnwindSafe(what))).is_ok();
        });
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        result
            .recv()
            .map_err(|_| gone())?
            .map_err(|panic| NetnsError::Panicked { namespace: self.name.clone(), message: message(&*panic) })
    }

    /// Starts a program inside: it sees this network, and the files mounted here. A Command of tokio is started with [`Self::run`], inside a
    /// runtime that was entered: `run(move || { let _entered = handle.enter(); command.spawn() })`.
    ///
    /// # Errors
    /// [`NetnsError::System`] where the program does not start.
    pub fn spawn(&self, mut command: Command) -> Result<Child, NetnsError> {
        let program = command.get_program().to_string_lossy().into_owned();
        self.run(move || command.spawn())?
            .map_err(|source| NetnsError::System { action: format!("start {program} in {}", self.name), source })
    }

    /// Its links, addresses, routes and neighbours.
    #[must_use]
    pub fn links(&self) -> &Links {
        &self.links
    }

    /// Its packet filter.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// The file that stands for the network namespace.
    #[must_use]
    pub fn handle(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            // It caught every panic of what it ran.
            let _has_ended = thread.join();
        }
    }
}

/// Moves the calling thread into new namespaces.
fn enter(name: &str) -> Result<(File, Links, Filter), NetnsError> {
    let tried = |action: &str, source| NetnsError::System { action: format!("{action} {name}"), source };
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS)
        .map_err(|errno| tried("make the namespace", errno.into()))?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|errno| tried("make the mounts our own in", errno.into()))?;
    let handle =
        File::open("/proc/thread-self/ns/net").map_err(|source| tried("open the network namespace of", source))?;
    let links = Links::open(name)?;
    links.apply(&[Change::Up { interface: "lo".to_owned() }])?;
    Ok((handle, links, Filter::open(name)?))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
