//! K47: where an address and a port are joined to a name, the name says both.

use crate::check::{Case, Check, Judged};
use crate::evidence::{Pod, Proxy, SocketAddress};
use crate::family::{HostPort, IpFamily, split_listener_name};
use crate::spec::Profile;
use crate::verdict::{Findings, Layer};

pub(in crate::check) const ADDRESS_FORMAT_ROUNDTRIP: Check = Check {
    key: "K47",
    slug: "address-format-roundtrip",
    layer: Layer::Listener,
    profile: Profile::Core,
    title: "every listener that is named by an address and a port has that address and port, and its name is read back as it was written",
    why: "an agent that took `[::]_15090` and `fd00::1_9000` for IPv4 never said Ready (istio/istio#11867); hosts and ports were \
          joined without brackets or with two pairs of them (istio/istio#34533, istio/istio#36758, istio/istio#54267, \
          kubernetes/kubernetes#57457)",
    cure: "`istioctl proxy-config listeners POD -o json` beside the place: a name that is not `<address>_<port>`, IPv6 without brackets, is \
           read wrongly by whoever splits it; how dualproof itself reads and writes addresses is in \
           `harness/model/tests/addresses.rs`",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let mut findings = Findings::new();
    for (pod, proxy) in case.proxies(&mut findings, "listener names") {
        names(pod, proxy, &mut findings);
    }
    findings.into()
}

/// States for each family how many names say their listeners, or each that does not. A name that holds no address at all
/// (`virtualInbound`) is none of ours.
fn names(pod: &Pod, proxy: &Proxy, findings: &mut Findings) {
    let configured = proxy.listeners.iter().filter(|listener| listener.active);
    let configured = configured.map(|listener| (&listener.name, &listener.addresses, &listener.place));
    let reported = proxy.listener_statuses.iter().map(|status| (&status.name, &status.addresses, &status.place));
    let all: Vec<_> = configured.chain(reported).filter(|(name, ..)| is_joined(name)).collect();
    for family in IpFamily::BOTH {
        let of_family = all.iter().filter(|(name, addresses, _)| family_of(name, addresses) == Some(family));
        let (mut well, mut place) = (0, String::new());
        for (name, addresses, at) in of_family {
            match says(name, addresses) {
                Ok(()) => {
                    well += 1;
                    place.clone_from(&proxy.place);
                }
                Err(seen) => {
                    let subject = format!("name of listener `{name}` of {}", pod.pod_ref());
                    let expected = "`<address>_<port>`, IPv6 without brackets, of one of its addresses";
                    findings.push(&subject, Some(family), &expected, &seen, false, at);
                }
            }
        }
        if well > 0 {
            let subject = format!("{family} listener names of {}", pod.pod_ref());
            findings.push(
                &subject,
                Some(family),
                &"each says its address and port",
                &format!("{well} do"),
                true,
                &place,
            );
        }
    }
}

/// Tells whether a name is made of an address and a port, in whatever form: it has digits behind its last `_` or `:`, and before it what
/// looks like an address.
fn is_joined(name: &str) -> bool {
    let Some((host, port)) = name.rsplit_once(['_', ':']) else { return false };
    let hexadecimal = |letter: char| letter.is_ascii_hexdigit() || ":.[]%".contains(letter);
    port.bytes().all(|byte| byte.is_ascii_digit()) && host.contains([':', '.']) && host.chars().all(hexadecimal)
}

/// Returns the family that a name is about: the one that it says, or its listener's first.
fn family_of(name: &str, addresses: &[SocketAddress]) -> Option<IpFamily> {
    let said = split_listener_name(name).ok().map(|(address, _)| address);
    said.or_else(|| addresses.first().map(|address| address.ip)).map(|address| IpFamily::of(&address))
}

/// Tells whether a name says one of its listener's addresses of that family, or what is wrong with it. That there is none of that
/// family left is no matter of names (K06, K08).
fn says(name: &str, addresses: &[SocketAddress]) -> Result<(), String> {
    let (ip, port) = split_listener_name(name).map_err(|error| error.to_string())?;
    let mut own = addresses.iter().filter(|address| address.ip.is_ipv4() == ip.is_ipv4()).peekable();
    if name.contains(['[', ']']) {
        return Err(format!("brackets in `{name}`"));
    }
    if own.peek().is_none() || own.any(|address| (address.ip, address.port) == (ip, port)) {
        return Ok(());
    }
    let all: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    Err(format!("{} is none of {}", HostPort::ip(ip, port), all.join(", ")))
}
