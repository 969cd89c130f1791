//! Faults of the cluster, and of what comes back from it.

use dualproof_model::evidence::{CallOutcome, CallStage};

use super::surgery::seed_call;
use super::{Mutant, V6, dual, single};
use crate::lab::pod;

pub(super) const FAULTS: &[Mutant] = &[
    // K41: the cluster.
    dual(&["K41"], "a node has no IPv6 InternalIP", |evidence, _| {
        evidence.objects.nodes[1].internal_ips.retain(|address| address.is_ipv4());
    }),
    dual(&["K41"], "a node's podCIDRs are in the other order", |evidence, _| {
        evidence.objects.nodes[0].pod_cidrs.reverse();
    }),
    dual(&["K41"], "PreferDualStack without families gets the other order", |evidence, _| {
        let found = evidence.objects.services.iter_mut().find(|service| service.meta.name == "echo-prefer");
        if let Some(service) = found {
            service.cluster_ips.reverse();
        }
    }),
    dual(&["K41"], "a hostNetwork pod has one address", |evidence, _| {
        pod(evidence, "etcd-node-1").ips.truncate(1);
    }),
    dual(&["K41"], "a baseline pod has its addresses in the other order", |evidence, _| {
        pod(evidence, "client-node-1").ips.reverse();
    }),
    dual(&["K41"], "IPv6 between nodes is dead", |evidence, _| {
        for call in evidence.calls.iter_mut().filter(|call| call.stage == CallStage::Baseline) {
            let crosses = call.client.name == "client-node-1" && call.target.name == "echo-node-2";
            if crosses && call.family == Some(V6) {
                (call.outcome, call.stdout) = (CallOutcome::Timeout, String::new());
            }
        }
    }),
    dual(&["K41"], "AAAA is answered with nothing", |evidence, _| {
        evidence.dns.iter_mut().filter(|question| question.family == V6).for_each(|question| question.answers.clear());
    }),
    // S01: the reply.
    dual(&["S01"], "nothing comes back, and nc exits 0", |evidence, _| seed_call(evidence).stdout.clear()),
    dual(&["S01"], "the call hangs", |evidence, _| {
        let call = seed_call(evidence);
        (call.outcome, call.stdout) = (CallOutcome::Timeout, String::new());
    }),
    single(&["S01"], "another server answers", |evidence, _| seed_call(evidence).stdout = "hello you\n".to_owned()),
];
