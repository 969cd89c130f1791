//! K10: both families are redirected by the same rules.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::check::{Case, Check, Judged};
use crate::evidence::{Match, Netns, NetnsSource, NeutralChain, NeutralRule, Pod, Rule, RuleSet};
use crate::family::IpFamily;
use crate::spec::Profile;
use crate::truth::{families_of, inbound_source};
use crate::verdict::{Findings, Layer};

pub(in crate::check) const REDIRECT_RULES_PARITY: Check = Check {
    key: "K10",
    slug: "redirect-rules-parity",
    layer: Layer::Redirect,
    profile: Profile::Core,
    title: "every meshed pod redirects each of its families, by rules that are the same but for 127.0.0.6 and ::6, and ::6 is on lo",
    why: "istio-cni wrote no ip6tables rules in dual-stack mode, so IPv6 passed by the sidecar in plaintext (istio/istio#46625); \
          the IPv6 chain lacked the final redirect (istio/istio#19940) or a port (istio/istio#30868); a second run of the init \
          container looked at one family alone (istio/istio#56587); without `::6` on lo every inbound IPv6 connection fails \
          while IPv4 works (istio/istio#32867)",
    cure: "compare `iptables-save` with `ip6tables-save` in the pod's network namespace (`nsenter -t PID -n` on the node), and look \
           for ::6 in `ip -6 addr show lo`; ISTIO_DUAL_STACK in the pod's proxyMetadata makes istio-init write both; delete the \
           pod to have them written again",
    needs_mesh: true,
    judge,
};

fn judge(case: &Case<'_>) -> Judged {
    let mut findings = Findings::new();
    let pods: Vec<&Pod> = case.pods().into_iter().filter(|pod| pod.is_meshed()).collect();
    if pods.is_empty() {
        let why = match case.evidence.objects.pods.is_empty() {
            true => case.why_missing("objects/pods.json"),
            false => "no pod of the scenario has a sidecar".to_owned(),
        };
        findings.lost("redirect rules", None, &"a meshed pod to look into", &why, "objects/pods.json");
    }
    for pod in pods {
        let families = families_of(&pod.ips);
        if families.is_empty() {
            let subject = format!("redirect rules of {}", pod.pod_ref());
            findings.lost(&subject, None, &"podIPs to compute them from", "the pod has none", &pod.meta.place);
            continue;
        }
        match namespace(case, pod) {
            Ok(netns) => look(case, pod, netns, &families, &mut findings),
            Err((place, why)) => {
                let subject = format!("redirect rules of {}", pod.pod_ref());
                for family in families {
                    findings.lost(&subject, Some(family), &"its network namespace", &why, &place);
                }
            }
        }
    }
    findings.into()
}

/// Returns the namespace of a pod, or the place where it should be and why it says nothing about the pod.
fn namespace<'a>(case: &Case<'a>, pod: &Pod) -> Result<&'a Netns, (String, String)> {
    let name = pod.pod_ref();
    let Some(netns) = case.evidence.netns.iter().find(|netns| netns.pod == name) else {
        let place = format!("netns/{name}");
        let why = case.why_missing(&place);
        return Err((place, why));
    };
    let is_strange = |address: &IpAddr| netns.has_address(address) == Some(false);
    if netns.source == NetnsSource::Node && pod.ips.iter().all(is_strange) {
        let why = "what was read holds none of the pod's addresses, so it is another namespace";
        return Err((format!("{}/addr.json", netns.place), why.to_owned()));
    }
    let native = netns.native_tables.iter().find(|table| table.contains("istio"));
    match native {
        Some(table) => {
            let why =
                format!("the redirect is in the native nftables table `{table}`, which this version does not compare");
            Err((format!("{}/nft.json", netns.place), why))
        }
        None => Ok(netns),
    }
}

fn look(case: &Case<'_>, pod: &Pod, netns: &Netns, families: &[IpFamily], findings: &mut Findings) {
    let mut known = Vec::new();
    for family in families {
        match netns.rules.get(*family) {
            Some(rules) => {
                redirected(pod, rules, findings);
                known.push(rules);
            }
            None => {
                let place = rules_place(netns, *family);
                let subject = format!("redirect rules of {}", pod.pod_ref());
                findings.lost(&subject, Some(*family), &"its rules", &case.why_missing(&place), &place);
            }
        }
        loopback(case, pod, netns, *family, findings);
    }
    if let [one, other] = known.as_slice() {
        alike(pod, one, other, findings);
    }
}

/// States that a family is redirected at all, in both directions: parity alone would be happy where neither is.
fn redirected(pod: &Pod, rules: &RuleSet, findings: &mut Findings) {
    let (name, family) = (pod.pod_ref(), Some(rules.family));
    let mut inbound = ports(&rules.reachable("nat", "PREROUTING"));
    inbound.extend(ports(&rules.reachable("mangle", "PREROUTING")));
    let outgoing = rules.reachable("nat", "OUTPUT");
    let outbound: BTreeSet<String> = ports(&outgoing).difference(&inbound).cloned().collect();
    for (direction, ports, expected) in [
        ("inbound", &inbound, "to the sidecar"),
        ("outbound", &outbound, "to the sidecar, to another port than inbound ones"),
    ] {
        let subject = format!("redirect of {direction} connections in {name}");
        let seen = match ports.is_empty() {
            true => "no rule does".to_owned(),
            false => format!("to {}", ports.iter().cloned().collect::<Vec<_>>().join(", ")),
        };
        findings.push(&subject, family, &expected, &seen, !ports.is_empty(), &rules.place);
    }
    let source = inbound_source(rules.family);
    let returned = outgoing.iter().any(|rule| returns(rule, source));
    let subject = format!("what {name} sends to its own application from {source}");
    let seen = if returned { "left alone" } else { "no rule leaves it alone" };
    findings.push(&subject, family, &"left alone", &seen, returned, &rules.place);
}

/// States that the sidecar can bind the source address of what it sends to its own application.
fn loopback(case: &Case<'_>, pod: &Pod, netns: &Netns, family: IpFamily, findings: &mut Findings) {
    let source = inbound_source(family);
    // A log knows what was added, and 127.0.0.0/8 needs no adding.
    if netns.source == NetnsSource::InitLog && family == IpFamily::IPv4 {
        return;
    }
    let subject = format!("{source} on lo of {}", pod.pod_ref());
    let place = match netns.source {
        NetnsSource::Node => format!("{}/addr.json", netns.place),
        NetnsSource::InitLog => netns.place.clone(),
    };
    match netns.binds_on_loopback(&source) {
        Some(there) => {
            let seen = if there { "there" } else { "not there" };
            findings.push(&subject, Some(family), &"there", &seen, there, &place);
        }
        None => {
            let why = match netns.source {
                NetnsSource::Node => case.why_missing(&place),
                NetnsSource::InitLog => "istio-init's log does not say that it was added".to_owned(),
            };
            findings.lost(&subject, Some(family), &"there", &why, &place);
        }
    }
}

/// Compares the rules of both families chain by chain. A family is to blame for what it lacks; where the order alone differs, both are.
fn alike(pod: &Pod, one: &RuleSet, other: &RuleSet, findings: &mut Findings) {
    let (chains, others) = (one.neutral(), other.neutral());
    let keys: BTreeSet<&(String, String)> = chains.keys().chain(others.keys()).collect();
    for key in keys {
        let subject = format!("rules of {}/{} in {}", key.0, key.1, pod.pod_ref());
        for (own, rules, model, models) in [(one, &chains, other, &others), (other, &others, one, &chains)] {
            let lacking = lacking(rules.get(key), models.get(key));
            let (expected, place) = (format!("those of {}", model.family), format!("{}, {}", own.place, model.place));
            let seen = lacking.as_deref().unwrap_or("the same");
            findings.push(&subject, Some(own.family), &expected, &seen, lacking.is_none(), &place);
        }
    }
}

/// Says what a chain lacks beside its model; `None` where it lacks nothing.
fn lacking(own: Option<&NeutralChain>, model: Option<&NeutralChain>) -> Option<String> {
    let model = model?;
    let Some(own) = own else { return Some("no such chain, or nothing in it".to_owned()) };
    if own.policy != model.policy {
        let spelled = |policy: &Option<String>| policy.clone().unwrap_or_else(|| "none".to_owned());
        return Some(format!("policy {} instead of {}", spelled(&own.policy), spelled(&model.policy)));
    }
    let mut left: Vec<&NeutralRule> = own.rules.iter().collect();
    let mut missing = Vec::new();
    for wanted in &model.rules {
        match left.iter().position(|rule| rule.meaning == wanted.meaning) {
            Some(found) => {
                left.remove(found);
            }
            None => missing.push(format!("`{}`", wanted.text)),
        }
    }
    if !missing.is_empty() {
        return Some(format!("lacks what {} would be", missing.join(", ")));
    }
    let in_order = |chain: &NeutralChain| chain.rules.iter().map(|rule| rule.meaning.clone()).collect::<Vec<_>>();
    (left.is_empty() && in_order(own) != in_order(model)).then(|| "the same rules in another order".to_owned())
}

fn ports(rules: &[&Rule]) -> BTreeSet<String> {
    rules.iter().filter_map(|rule| rule.target.as_ref()?.port).map(|port| port.to_string()).collect()
}

fn returns(rule: &Rule, source: IpAddr) -> bool {
    let is_from = |what: &Match| matches!(what, Match::Source(net) if net.contains(&source));
    let is_return = rule.target.as_ref().is_some_and(|target| matches!(target.name.as_str(), "RETURN" | "ACCEPT"));
    is_return && rule.matchers.iter().any(|matcher| !matcher.negated && is_from(&matcher.what))
}

fn rules_place(netns: &Netns, family: IpFamily) -> String {
    match (netns.source, family) {
        (NetnsSource::InitLog, _) => netns.place.clone(),
        (NetnsSource::Node, IpFamily::IPv4) => format!("{}/iptables-save", netns.place),
        (NetnsSource::Node, IpFamily::IPv6) => format!("{}/ip6tables-save", netns.place),
    }
}
