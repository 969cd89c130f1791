//! The rules that `istio-init` says it leaves behind.

use dualproof_model::evidence::{Interface, Netns, NetnsSource, PodRef, RuleSet};
use dualproof_model::family::IpFamily;
use ipnet::IpNet;

use super::rules;

/// The source address of what a sidecar sends to its own application over IPv6
/// (istio/istio:tools/common/tproxy/run_linux.go).
const SOURCE: std::net::Ipv6Addr = std::net::Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 6);

/// Finds the final state of both families in the log of `istio-init`, and whether it put `::6` on `lo`
/// (istio/istio:tools/istio-iptables/pkg/capture/run.go); of several runs of the container the last one counts.
///
/// Any bytes are a log. Returns `None` where it tells the state of neither family, as with the CNI plugin and native nftables. A family whose state is
/// not there, or breaks off, has no rules known. Where the log does not say that `::6` was added, the addresses are not known: a second run finds it
/// there and says nothing.
#[must_use]
pub fn init_log(bytes: &[u8], pod: &PodRef, place: &str) -> Option<Netns> {
    let text = String::from_utf8_lossy(bytes);
    let mut netns =
        Netns { pod: pod.clone(), place: place.to_owned(), source: NetnsSource::InitLog, ..Netns::default() };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.contains("Added ::6 address") {
            let lo = Interface { name: "lo".to_owned(), addresses: vec![IpNet::from(std::net::IpAddr::V6(SOURCE))] };
            netns.interfaces = Some(vec![lo]);
        }
        let Some(family) = family_of(line) else { continue };
        let mut state = String::new();
        while let Some(line) = lines.next_if(|line| line.starts_with(['#', '*', ':', '-']) || *line == "COMMIT") {
            state.push_str(line);
            state.push('\n');
        }
        *netns.rules.get_mut(family) = parse(&state, family, place);
    }
    (netns.rules.v4.is_some() || netns.rules.v6.is_some()).then_some(netns)
}

fn family_of(line: &str) -> Option<IpFamily> {
    let (_, said) = line.split_once("Final iptables state (")?;
    match said.trim_end() {
        "IPv4):" => Some(IpFamily::IPv4),
        "IPv6):" => Some(IpFamily::IPv6),
        _ => None,
    }
}

fn parse(state: &str, family: IpFamily, place: &str) -> Option<RuleSet> {
    rules::rules(state.as_bytes(), family, place).ok()
}
