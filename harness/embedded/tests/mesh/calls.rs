//! Calls from a pod to another.

use dualproof_model::family::IpFamily;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::pod::until;
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_call_goes_through_both_proxies_with_mtls", || both_proxies([IpFamily::IPv4, IpFamily::IPv6])),
        trial("and_so_it_does_where_ipv6_is_first", || both_proxies([IpFamily::IPv6, IpFamily::IPv4])),
        trial("strict_mtls_keeps_plaintext_out_of_both_families", strict),
    ]
}

/// The cluster that a line names, without the `;` that ends its name in statistics.
pub(crate) fn cluster(line: &Value) -> &str {
    line["UPSTREAM_CLUSTER"].as_str().unwrap_or_default().trim_end_matches(';')
}

fn both_proxies(order: [IpFamily; 2]) -> Said {
    let mut bench = Bench::new(order, "1.31.0")?;
    // Before its pod, whose sidecar then begins with its ports: told of them later, it may still be at it when the first call comes.
    let addresses = bench.service("echo", "server")?;
    let server = bench.pod("server", &[])?;
    server.serve(9000, "echo")?;
    let client = bench.pod("client", &[])?;
    for (_, address) in addresses.iter() {
        // The server's sidecar calls from 127.0.0.6, or ::6; it dials the pod's first address, whichever the client dialled.
        let source = if order[0] == IpFamily::IPv4 { "127.0.0.6" } else { "::6" };
        assert_eq!(client.call(*address)?, format!("echo {source}"), "to {address}");
        let dialled = address.to_string();
        let told = client.told(1, |line| line["DOWNSTREAM_LOCAL_ADDRESS"] == dialled.as_str())?;
        let line = told.first().ok_or("no line")?;
        assert_eq!(cluster(line), "outbound|9000||echo.app.svc.cluster.local", "{line}");
        assert_eq!(line["UPSTREAM_PEER_URI_SAN"], "spiffe://cluster.local/ns/app/sa/default", "{line}");
        let upstream = line["UPSTREAM_LOCAL_ADDRESS"].clone();
        let told = server.told(1, |line| line["DOWNSTREAM_REMOTE_ADDRESS"] == upstream)?;
        let line = told.first().ok_or("no line")?;
        assert_eq!(cluster(line), "inbound|9000||", "{line}");
        assert_eq!(line["DOWNSTREAM_PEER_URI_SAN"], "spiffe://cluster.local/ns/app/sa/default", "{line}");
    }
    // Each family of the server is reached through its sidecar.
    for family in IpFamily::BOTH {
        let expected = match family {
            IpFamily::IPv4 => "echo 127.0.0.6",
            IpFamily::IPv6 => "echo ::6",
        };
        assert_eq!(client.call(server.at(family, 9000))?, expected);
    }
    Ok(())
}

fn strict() -> Said {
    let mut bench = Bench::new([IpFamily::IPv4, IpFamily::IPv6], "1.31.0")?;
    let server = bench.pod("server", &[])?;
    server.serve(9000, "echo")?;
    let naked = bench.pod("naked", &[("sidecar.istio.io/inject", "false")])?;
    assert_eq!(naked.process(), None, "it has a sidecar");
    let heard = |family| naked.call(server.at(family, 9000)).unwrap_or_default();
    for family in IpFamily::BOTH {
        assert!(heard(family).starts_with("echo "), "PERMISSIVE lets {family} through");
    }
    let policy = json!({"metadata": {"name": "default"}, "spec": {"mtls": {"mode": "STRICT"}}});
    bench.create("peerauthentications.security.istio.io", "app", policy)?;
    until("plaintext to be refused", || Ok(IpFamily::BOTH.iter().all(|family| heard(*family).is_empty())))?;
    let addresses = bench.service("echo", "server")?;
    let client = bench.pod("client", &[])?;
    for (family, address) in addresses.iter() {
        assert!(client.call(*address)?.starts_with("echo "), "STRICT lets mTLS through over {family}");
    }
    Ok(())
}
