//! Why something could not be done to a namespace.

use std::io;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum NetnsError {
    /// The system forbids namespaces of one's own.
    #[error("cannot make namespaces of our own: {obstacle}")]
    Forbidden {
        /// What forbids it, as far as the system says.
        obstacle: crate::confine::Obstacle,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A system call failed.
    #[error("cannot {action}")]
    System {
        /// What was tried, on what.
        action: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The kernel refused a change to a namespace, or to say what is in it.
    #[error("the kernel refused to {action} in {namespace}")]
    Refused {
        /// What was tried.
        action: String,
        /// The namespace.
        namespace: String,
        /// Why.
        source: io::Error,
    },
    /// There is no such interface.
    #[error("there is no interface `{interface}` in {namespace}")]
    NoInterface {
        /// The interface.
        interface: String,
        /// The namespace.
        namespace: String,
    },
    /// A value that cannot be.
    #[error("{what} is `{value}`, and must be {expected}")]
    Value {
        /// What it is the value of.
        what: String,
        /// The value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The process has threads already, or is not where its stage says.
    #[error("cannot enter namespaces: {why}")]
    Stage {
        /// Why.
        why: String,
    },
    /// The thread of a namespace has ended.
    #[error("the namespace {namespace} is gone")]
    Gone {
        /// The namespace.
        namespace: String,
    },
    /// What was run in a namespace panicked; the namespace lives on.
    #[error("what was run in {namespace} panicked: {message}")]
    Panicked {
        /// The namespace.
        namespace: String,
        /// What it said.
        message: String,
    },
}

impl NetnsError {
    /// Says what to do next.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Forbidden { obstacle, .. } => obstacle.cure(),
            Self::Refused { source, action, .. } | Self::System { source, action } => cure(source, action),
            Self::NoInterface { .. } => {
                "connect the namespace first, or look at `addr.json` for the names there are".to_owned()
            }
            Self::Value { expected, .. } => format!("give {expected}"),
            Self::Stage { .. } => {
                "call `confine` first in `main`, and start the program without variables of another run".to_owned()
            }
            Self::Gone { .. } | Self::Panicked { .. } => {
                "this is a mistake in the program: please report it with the message".to_owned()
            }
        }
    }
}

fn cure(source: &io::Error, action: &str) -> String {
    use nix::errno::Errno;
    match source.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EPERM | Errno::EACCES) => {
            "run inside `confine`, or as root with CAP_SYS_ADMIN and CAP_NET_ADMIN; in a container, with --privileged".to_owned()
        }
        Some(Errno::EOPNOTSUPP | Errno::EPROTONOSUPPORT | Errno::EAFNOSUPPORT) => {
            "the kernel lacks a module: `modprobe nf_tables nft_chain_nat nft_redir nft_masq nft_numgen nft_fib_inet nft_reject veth`, or IPv6 is switched off (ipv6.disable=1)".to_owned()
        }
        Some(Errno::ENOENT) if action.contains("rule") || action.contains("chain") => {
            "the kernel lacks a module of nf_tables, or a chain or set that is named does not exist: `modprobe nf_tables nft_chain_nat nft_redir nft_masq nft_numgen nft_fib_inet nft_reject`".to_owned()
        }
        Some(Errno::EMSGSIZE | Errno::ENOBUFS) => {
            "raise net.core.wmem_max, or run as root of the machine: the rules do not fit into one batch".to_owned()
        }
        Some(Errno::EMFILE | Errno::ENFILE) => "raise the limit of open files (`ulimit -n`): a namespace holds three".to_owned(),
        Some(Errno::ENOSPC) => "raise user.max_net_namespaces, user.max_mnt_namespaces or fs.mount-max".to_owned(),
        Some(Errno::EAGAIN | Errno::ENOMEM) => "raise the limits of threads and memory (`ulimit -u`, pids.max, memory.max)".to_owned(),
        _ => "see the cause; `dualproof doctor` says what this machine allows".to_owned(),
    }
}
