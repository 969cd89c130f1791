//! The port of the pod's agent.

use std::io::{Read, Write};
use std::net::SocketAddr;

use dualproof_embedded::node::Proxies;
use dualproof_model::family::IpFamily;
use libtest_mimic::Trial;

use crate::bench::Bench;
use crate::pod::{Pod, STUCK};
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("the_agents_port_says_by_both_families_whether_envoy_serves", ready)]
}

/// The first line of the answer.
fn ask(pod: &Pod, address: SocketAddr) -> Said<String> {
    let mut stream = pod.namespace.connect(address, None, STUCK)?;
    stream.set_read_timeout(Some(STUCK))?;
    write!(stream, "GET /healthz/ready HTTP/1.1\r\nhost: pod\r\nconnection: close\r\n\r\n")?;
    let mut said = String::new();
    stream.read_to_string(&mut said)?;
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

fn ready() -> Said {
    let mut bench = Bench::new([IpFamily::IPv6, IpFamily::IPv4], "1.31.0")?;
    let bare = bench.pod("bare", &[("sidecar.istio.io/inject", "false")])?;
    let meshed = bench.pod("meshed", &[])?;
    for (pod, expected) in [(&bare, "HTTP/1.1 503 Service Unavailable"), (&meshed, "HTTP/1.1 200 OK")] {
        let beside = bench.plane.accompany(&pod.namespace, &pod.object)?.ok_or("nothing runs beside it")?;
        for family in IpFamily::BOTH {
            assert_eq!(ask(pod, pod.at(family, 15020))?, expected, "{} by {family}", pod.name);
        }
        let again = bench.plane.accompany(&pod.namespace, &pod.object);
        assert!(again.is_err(), "the port was not taken");
        beside.abort();
        let ended = tokio::runtime::Handle::current().block_on(beside);
        assert!(ended.is_err_and(|error| error.is_cancelled()));
        let again = bench.plane.accompany(&pod.namespace, &pod.object)?;
        again.ok_or("nothing runs beside it")?.abort();
    }
    Ok(())
}
