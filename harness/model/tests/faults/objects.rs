//! Faults of Services and EndpointSlices.

use dualproof_model::family::listener_name;

use super::surgery::own_endpoints;
use super::{EVERYONE, Mutant, V4, V6, dual, single};
use crate::lab::{CLIENT, ip, listener, service, socket};

pub(super) const FAULTS: &[Mutant] = &[
    // K13: the claim.
    dual(&["K13"], "the Service was patched to SingleStack, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V6]).evidence();
    }),
    dual(&["K13"], "the Service has its families in the other order, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V4, V6]).evidence();
    }),
    single(&["K13"], "the SingleStack Service became dual-stack, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V4, V6]).evidence();
    }),
    single(&["K13"], "the SingleStack Service is of the other family, and all followed", |evidence, world| {
        *evidence = world.clone().serving(&[V6]).evidence();
    }),
    single(&["K13"], "a slice of the other family stands behind the SingleStack Service", |evidence, world| {
        let stranger = world.clone().serving(&[V6]).evidence().objects.endpoint_slices;
        evidence.objects.endpoint_slices.extend(stranger);
    }),
    single(&["K13"], "the SingleStack Service's endpoints have all podIPs", |evidence, _| {
        let cluster = own_endpoints(evidence, CLIENT, 9000);
        cluster[0].addresses.push(socket(ip("fd00:10:244::8"), 9000));
    }),
    // K42: the API server's table.
    dual(&["K42"], "clusterIP repeats the second of clusterIPs", |evidence, _| {
        let service = service(evidence);
        service.cluster_ip = service.cluster_ips.last().copied();
    }),
    dual(&["K42"], "clusterIPs are not in the order of ipFamilies, and the listeners followed", |evidence, _| {
        let service = service(evidence);
        service.cluster_ips.reverse();
        service.cluster_ip = service.cluster_ips.first().copied();
        for name in EVERYONE {
            for port in [9000, 9001] {
                let listener = listener(evidence, name, port);
                listener.addresses.reverse();
                listener.name = listener_name(listener.addresses[0].ip, port);
            }
        }
    }),
    // K43: the slices.
    dual(&["K43"], "the second family's slice is emptied", |evidence, _| {
        evidence.objects.endpoint_slices[1].endpoints.clear();
    }),
    dual(&["K43"], "the first family's slice is emptied", |evidence, _| {
        evidence.objects.endpoint_slices[0].endpoints.clear();
    }),
    dual(&["K43"], "the Service lost its selector and then its second family's endpoints", |evidence, _| {
        service(evidence).selector.clear();
        evidence.objects.endpoint_slices[1].endpoints.clear();
    }),
    dual(&["K43"], "the IPv6 slice holds IPv4 addresses", |evidence, _| {
        evidence.objects.endpoint_slices[0].endpoints[0].addresses = vec![ip("10.244.0.8")];
    }),
    dual(&["K43"], "one family calls a Ready pod unready", |evidence, _| {
        evidence.objects.endpoint_slices[1].endpoints[1].ready = false;
    }),
    dual(&["K43"], "one family's slice lost a port", |evidence, _| {
        evidence.objects.endpoint_slices[1].ports.pop();
    }),
    single(&["K43"], "a deleted pod's address is still in the slice", |evidence, _| {
        let mut ghost = evidence.objects.endpoint_slices[0].endpoints[0].clone();
        ghost.addresses = vec![ip("10.244.0.77")];
        evidence.objects.endpoint_slices[0].endpoints.push(ghost);
    }),
];
