//! What a container runs.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use dualproof_netns::Namespace;
use dualproof_netns::traffic::Redirect;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::envoy::{self, Launch};
use crate::node::container::Log;

/// What a container runs, whatever its image holds elsewhere.
#[derive(Clone)]
pub enum Program {
    /// The agent, `samples/agent`: the container's words are its arguments.
    Agent,
    /// Istio's sample server as the agent plays it: the container's words are ports and a prefix.
    TcpEcho,
    /// A program of this machine, or one that the agent stands in for: the container's command; without one, this one.
    Host(&'static [&'static str]),
    /// The redirect of the pod, as `istio-init` makes it: [`Proxies::redirect`] says which.
    Redirect,
    /// The sidecar: [`Proxies::launch`] says how it is started. A container whose first argument is `istio-iptables` is [`Self::Redirect`].
    Proxy,
    /// Something that runs in this process.
    Builtin(Arc<dyn Builtin>),
}

/// A program that runs in this process, with sockets of its pod's network.
pub trait Builtin: Send + Sync {
    /// Starts it for a pod, whose `status` holds its addresses. Inside a tokio runtime. The task is aborted when the container is to end; a task
    /// that ends by itself is a container that has ended, with code 0, or with 1 after a panic. What is said to `log` is the container's log.
    ///
    /// # Errors
    /// Why it does not start: the container is started again later, as with a program that fails.
    fn start(&self, namespace: &Arc<Namespace>, pod: &Value, log: &Log) -> io::Result<JoinHandle<()>>;
}

/// What a mesh knows of its sidecars. Methods may write files and must not wait for the network.
pub trait Proxies: Send + Sync {
    /// Writes what a pod's sidecar reads (bootstrap, xDS files, certificates) into `folder`, which is there and the pod's own, and says how the
    /// sidecar is started. `pod` is as the store has it, with its addresses in `status.podIPs`.
    ///
    /// # Errors
    /// In words why it cannot be started; it is tried again later.
    fn launch(&self, pod: &Value, folder: &Path) -> Result<Launch, String>;

    /// Says which redirect a pod gets from its container `istio-init`, whose spec is `container`. The default is Istio's.
    ///
    /// # Errors
    /// In words why there is none; the container fails with them.
    fn redirect(&self, pod: &Value, container: &Value) -> Result<Redirection, String> {
        let _ = (pod, container);
        Ok(Redirection::default())
    }

    /// Starts what runs beside a pod's sidecar, in this process and the pod's network, when its container starts. Inside a tokio runtime. The task
    /// is aborted when the container ends; `None`, the default, is nothing.
    ///
    /// # Errors
    /// Why it does not start; the container does not, then.
    fn accompany(&self, namespace: &Arc<Namespace>, pod: &Value) -> io::Result<Option<JoinHandle<()>>> {
        let _ = (namespace, pod);
        Ok(None)
    }

    /// Tells whether a line of the sidecar's log says that it serves; its probes are asked from then on.
    fn is_ready_line(&self, line: &str) -> bool {
        envoy::is_ready_line(line)
    }

    /// Learns that a pod is gone, with its sidecar and folder. Called for every pod.
    fn gone(&self, uid: &str);
}

/// No mesh: a sidecar cannot be started.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProxies;

impl Proxies for NoProxies {
    fn launch(&self, _: &Value, _: &Path) -> Result<Launch, String> {
        Err("no mesh is installed in this cluster".to_owned())
    }

    fn gone(&self, _: &str) {}
}

/// A pod's redirect, and what is said of it.
#[derive(Clone, Debug, Default)]
pub struct Redirection {
    /// The redirect.
    pub redirect: Redirect,
    /// What the log says before the rules, which are read back from the kernel; lines.
    pub preamble: String,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "Agent",
            Self::TcpEcho => "TcpEcho",
            Self::Host(_) => "Host",
            Self::Redirect => "Redirect",
            Self::Proxy => "Proxy",
            Self::Builtin(_) => "Builtin",
        })
    }
}
