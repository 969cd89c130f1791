//! Which families a Service has
//! (kubernetes/kubernetes:pkg/registry/core/service/storage/alloc.go `initIPFamilyFields`; KEP-563).

use dualproof_model::family::{IpFamily, parse_ip};
use serde_json::json;

use super::fields::{Fields, NONE, Seen};
use super::related;
use crate::controller::ClusterConfig;
use crate::store::Cause;

const SINGLE: &str = "SingleStack";
const PREFER: &str = "PreferDualStack";
const REQUIRE: &str = "RequireDualStack";

/// Completes policy and families, or says why they cannot be had.
pub(super) fn choose(
    config: &ClusterConfig,
    service: &mut Fields<'_>,
    before: Option<Seen<'_>>,
) -> Result<(), Vec<Cause>> {
    let free = service.seen().is_headless() && !service.seen().has_selector();
    if service.seen().policy().is_none() {
        let old = before.and_then(|before| before.policy().map(str::to_owned));
        let policy = old.unwrap_or_else(|| if free { REQUIRE } else { SINGLE }.to_owned());
        service.set("ipFamilyPolicy", policy.into());
    }
    let causes = related::causes(service.seen());
    if !causes.is_empty() {
        return Err(causes);
    }
    let policy = service.seen().policy().unwrap_or(SINGLE).to_owned();
    let mut causes = Vec::new();
    if let Some(before) = before {
        causes.extend(follow(service, before, &policy));
    }
    let (addresses, mut families) = (service.seen().cluster_ips(), service.seen().families());
    let policy_cause = |why: &str| Cause::invalid("spec.ipFamilyPolicy", &json!(policy), why);
    if policy == SINGLE {
        let must = |what: &str| format!("must be '{REQUIRE}' or '{PREFER}' when multiple {what} are specified");
        if addresses.len() == 2 {
            causes.push(policy_cause(&must("cluster IPs")));
        }
        if families.len() == 2 {
            causes.push(policy_cause(&must("IP families")));
        }
    }
    let ours: Vec<String> = config.families().iter().map(ToString::to_string).collect();
    for (position, address) in addresses.iter().enumerate().skip(families.len()) {
        if address == NONE {
            break;
        }
        let family = parse_ip(address).map(|address| IpFamily::of(&address).to_string()).unwrap_or_default();
        if ours.contains(&family) {
            families.push(family);
        } else {
            let why = format!("{family} is not configured on this cluster");
            causes.push(Cause::invalid(&format!("spec.clusterIPs[{position}]"), &json!(addresses), &why));
        }
    }
    if !causes.is_empty() {
        return Err(causes);
    }
    if !free {
        if policy == REQUIRE && ours.len() < 2 {
            causes.push(policy_cause("this cluster is not configured for dual-stack services"));
        }
        for (position, family) in families.iter().enumerate().filter(|(_, family)| !ours.contains(*family)) {
            let field = format!("spec.ipFamilies[{position}]");
            causes.push(Cause::invalid(&field, &json!(family), "not configured on this cluster"));
        }
        if !causes.is_empty() {
            return Err(causes);
        }
    }
    if families.is_empty() {
        families.extend(ours.first().cloned());
    }
    // Nobody allocates anything for a headless Service without a selector, so the cluster's own families do not matter.
    if policy != SINGLE && families.len() == 1 && (free || ours.len() == 2) {
        let other = if families[0] == IpFamily::IPv4.to_string() { IpFamily::IPv6 } else { IpFamily::IPv4 };
        families.push(other.to_string());
    }
    service.set_families(&families);
    Ok(())
}

/// Follows a change of an existing Service: a policy of one family drops the second of what was left as it was; with another policy the
/// second must not be missing.
fn follow(service: &mut Fields<'_>, before: Seen<'_>, policy: &str) -> Vec<Cause> {
    let (mut addresses, mut families) = (service.seen().cluster_ips(), service.seen().families());
    if policy == SINGLE {
        if addresses == before.cluster_ips() && addresses.len() > 1 {
            addresses.truncate(1);
            service.set_cluster_ips(&addresses);
        }
        if families == before.families() && families.len() > 1 {
            families.truncate(1);
            service.set_families(&families);
        }
        return Vec::new();
    }
    let reduced = |now: &[String], then: &[String]| {
        then.len() > now.len() && !now.is_empty() && now.iter().zip(then).all(|(now, then)| now == then)
    };
    let cause = |what: &str| {
        let why = format!("must be '{SINGLE}' to release the secondary {what}");
        Cause::invalid("spec.ipFamilyPolicy", &json!(policy), &why)
    };
    let mut causes = Vec::new();
    if reduced(&addresses, &before.cluster_ips()) {
        causes.push(cause("cluster IP"));
    }
    if reduced(&families, &before.families()) {
        causes.push(cause("IP family"));
    }
    causes
}
