//! The three stages.

use std::process::ExitStatus;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::stage::Stage;
use super::{identity, keeper, obstacle, reaper};
use crate::NetnsError;
use crate::link::{Change, Links};

/// How to enter namespaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// Whether to enter a user namespace.
    pub user: UserNamespace,
    /// Whether everything ends when the *thread* that started this process ends, however it ends. Start it from a thread that lives as long as
    /// it should, such as the main thread.
    pub ends_with_parent: bool,
}

/// Whether to enter a user namespace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UserNamespace {
    /// Only where the system does not let us make the others without.
    #[default]
    WhenNeeded,
    /// In any case, as a user without rights must.
    Always,
}

/// Where a process stands when [`confine`] returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Outside, and everything inside has ended: end the program with this exit code.
    Outside {
        /// The exit code of the program inside; 128 and the number of the signal that ended it.
        code: u8,
    },
    /// Inside: root in a user namespace (or of the machine), in a mount, a process and a network namespace of its own.
    Inside,
}

/// Enters namespaces of our own. Call it first in `main` of a hidden subcommand, before any thread exists: it runs the program again with the same
/// arguments, and returns [`Standing::Inside`] in one process alone.
///
/// Three processes come of it. The *keeper* is the one that calls: it makes the namespaces and waits. The *first* process of the process
/// namespace does nothing but collect orphans, so that nobody takes the children of the program from under its runtime, and ends with the
/// program. The *inside* one is the program. Whichever of them is killed, with signal 9 too, the kernel ends everything that was started inside:
/// the keeper's death ends the first process (`PR_SET_PDEATHSIG`), the program's death makes it end, and its end ends the process namespace.
/// Whoever wants to know when that is done sends `SIGTERM` to the keeper and waits for it alone: it ends last, when no process is left inside.
///
/// Inside, `/proc` shows the new process namespace where the system lets us mount it, else that of outside. Mounts made inside are not seen outside. `lo`
/// is up, and the limit of open files is as high as we may set it. Standard input is handed on, so a listener that was bound outside arrives as standard input and stays in the network namespace outside:
/// `TcpListener::from(std::io::stdin().as_fd().try_clone_to_owned()?)`.
///
/// # Errors
/// [`NetnsError::Forbidden`] where the system forbids namespaces, with what forbids it; [`NetnsError::Stage`] when the process has threads
/// already, or the variable that tells the stage was inherited from another run.
pub fn confine(confinement: &Confinement) -> Result<Standing, NetnsError> {
    match Stage::current()? {
        Stage::Keeper => keep(confinement),
        Stage::First { keeper } => lead(keeper),
        Stage::Inside => Ok(Standing::Inside),
    }
}

fn keep(confinement: &Confinement) -> Result<Standing, NetnsError> {
    let parent = std::os::unix::process::parent_id();
    refuse_threads()?;
    enter(confinement.user)?;
    if confinement.ends_with_parent {
        die_with(|| std::os::unix::process::parent_id() == parent)?;
    }
    let status = keeper::keep(Stage::First { keeper: std::process::id() })?;
    Ok(Standing::Outside { code: code(status) })
}

/// Makes the namespaces: without a user namespace where the system lets us, else with one.
fn enter(user: UserNamespace) -> Result<(), NetnsError> {
    let own = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWPID;
    if user == UserNamespace::WhenNeeded && unshare(own).is_ok() {
        return Ok(());
    }
    let outside = identity::Identity::current();
    unshare(own | CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| NetnsError::Forbidden { obstacle: obstacle::find(), source: errno.into() })?;
    outside.become_root()
}

/// Is the first process of the process namespace.
fn lead(keeper: u32) -> Result<Standing, NetnsError> {
    keeper::be_told_again()?;
    // `/proc` is still that of outside, and tells the parent as outside numbers it: inside it is 0, dead or alive.
    die_with(|| parent_outside() == Some(keeper))?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>)
        .map_err(|errno| NetnsError::System { action: "make the mounts our own".to_owned(), source: errno.into() })?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    // Refused inside a container that hides parts of `/proc`. That of outside does as well: nothing here looks at other processes.
    let _is_ours = mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).is_ok();
    Links::open("the first namespace")?.apply(&[Change::Up { interface: "lo".to_owned() }])?;
    allow_files()?;
    let inside = Stage::Inside.start()?;
    Ok(Standing::Outside { code: reaper::reap_until(inside.id())? })
}

/// Raises the limit of open files as far as we may: a namespace holds three, and a thousand of them are none too many.
fn allow_files() -> Result<(), NetnsError> {
    let tried =
        |errno: Errno| NetnsError::System { action: "raise the limit of open files".to_owned(), source: errno.into() };
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(tried)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).map_err(tried)
}

/// Has the kernel kill this process with its parent. The parent may have died before: `is_there` tells.
fn die_with(is_there: impl FnOnce() -> bool) -> Result<(), NetnsError> {
    set_pdeathsig(Signal::SIGKILL).map_err(|errno| NetnsError::System {
        action: "end with the parent process".to_owned(),
        source: errno.into(),
    })?;
    if is_there() { Ok(()) } else { Err(NetnsError::Stage { why: "the parent process has ended".to_owned() }) }
}

/// Reads the parent's number from the `/proc` that is mounted: the second field behind the name, which is in parentheses (proc(5)).
fn parent_outside() -> Option<u32> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn refuse_threads() -> Result<(), NetnsError> {
    let threads = std::fs::read_dir("/proc/self/task")
        .map_err(|source| NetnsError::System {
            action: "count the threads of this process in /proc".to_owned(),
            source,
        })?
        .count();
    match threads {
        1 => Ok(()),
        _ => Err(NetnsError::Stage { why: format!("this process has {threads} threads already") }),
    }
}

fn code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let number = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    u8::try_from(number).unwrap_or(u8::MAX)
}
