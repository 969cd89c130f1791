//! Being a cluster.

use std::error::Error;
use std::io::{self, Write};
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::process::ExitCode;

use dualproof_driver::trouble::chain;
use dualproof_embedded::envoy::Envoy;
use dualproof_embedded::supervisor::{self, ClusterSettings};
use dualproof_netns::confine::{Confinement, Standing, confine};
use tokio_util::sync::CancellationToken;

use super::Serve;
use crate::rules::RuleBook;

/// The line that says that the cluster is there.
pub(super) const READY: &str = "dualproof cluster ready";

/// Threads of a cluster: kubelet, API and control plane are one program.
const THREADS: usize = 2;

/// Is a cluster, when the arguments say so, until it is killed; `None` when they do not. To be called first of all in `main`: namespaces are
/// entered before any thread exists.
#[must_use]
pub fn served() -> Option<ExitCode> {
    let serve = match Serve::read(std::env::args_os())? {
        Ok(serve) => serve,
        Err(error) => return Some(fail(&error.to_string(), "")),
    };
    let confinement = Confinement { ends_with_parent: serve.ends_with_parent, ..Confinement::default() };
    Some(match confine(&confinement) {
        Ok(Standing::Outside { code }) => ExitCode::from(code),
        Ok(Standing::Inside) => match inside(serve) {
            Ok(()) => ExitCode::SUCCESS,
            Err((error, hint)) => fail(&chain(&*error), &hint),
        },
        Err(error) => fail(&chain(&error), &error.hint()),
    })
}

/// An error and its hint.
type Failed = (Box<dyn Error>, String);

fn inside(serve: Serve) -> Result<(), Failed> {
    let plain = |error: io::Error| -> Failed { (error.into(), String::new()) };
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned().map_err(plain)?);
    let book = RuleBook::built_in().map_err(|error| -> Failed { (Box::new(error), String::new()) })?;
    let settings = ClusterSettings {
        name: serve.name,
        folder: serve.folder,
        families: serve.families,
        nodes: serve.nodes,
        envoy: Envoy { path: serve.envoy, version: serve.envoy_version, passed: Vec::new() },
        profiles: book.rules.profiles,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build().map_err(plain)?;
    // Nobody stops it but by a signal, which ends everything inside at once.
    let ended = runtime.block_on(supervisor::serve(settings, listener, CancellationToken::new(), say_ready));
    ended.map_err(|error| {
        let hint = error.hint();
        (error.into(), hint)
    })
}

/// Who started the cluster may have gone, which the cluster then learns by other means.
fn say_ready() {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{READY}").and_then(|()| out.flush());
}

fn fail(words: &str, hint: &str) -> ExitCode {
    let hint = if hint.is_empty() { String::new() } else { format!("hint: {hint}\n") };
    // Nobody can be told when standard error is closed.
    let _ = write!(io::stderr(), "error: {words}\n{hint}");
    ExitCode::from(3)
}
