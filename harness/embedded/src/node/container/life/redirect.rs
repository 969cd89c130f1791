//! What `istio-init` does, without a program.

use dualproof_model::family::IpFamily;
use dualproof_netns::inspect::File;
use dualproof_netns::{Namespace, NetnsError};

use crate::node::Redirection;
use crate::node::container::Log;

/// Redirects a pod's connections, and says in the log what the kernel holds then, in the words of istio/istio:tools/istio-iptables/pkg/capture/run.go.
pub(super) fn redirect(namespace: &Namespace, redirection: &Redirection, log: &Log) -> i32 {
    if !redirection.preamble.is_empty() {
        log.say(&redirection.preamble);
    }
    match apply(namespace, redirection, log) {
        Ok(()) => 0,
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
            log.say(&format!("{}\terror\t{error}{source}", stamp()));
            1
        }
    }
}

fn apply(namespace: &Namespace, redirection: &Redirection, log: &Log) -> Result<(), NetnsError> {
    namespace.redirect(&redirection.redirect)?;
    if !redirection.redirect.loopback_addresses().is_empty() {
        log.say(&format!("{}\tinfo\tAdded ::6 address", stamp()));
    }
    for family in IpFamily::BOTH {
        let rules = File::Rules(family).read(namespace)?;
        log.say(&format!("{}\tinfo\tFinal iptables state ({family}):\n{rules}", stamp()));
    }
    Ok(())
}

fn stamp() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}
