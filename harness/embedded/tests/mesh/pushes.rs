//! Changes that arrive, and those that are refused.

use std::sync::Arc;

use dualproof_model::evidence::ProxySync;
use dualproof_model::family::IpFamily;
use libtest_mimic::Trial;

use crate::bench::Bench;
use crate::calls::cluster;
use crate::pod::until;
use crate::{Said, trial};

const ORDER: [IpFamily; 2] = [IpFamily::IPv4, IpFamily::IPv6];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("a_new_service_arrives_without_a_restart", new_service),
        trial("a_refused_configuration_is_told_and_so_is_its_end", refused),
    ]
}

fn is_synced(sync: Option<&ProxySync>) -> bool {
    sync.is_some_and(|sync| sync.types.values().all(|state| state.is_synced() && state.error.is_empty()))
}

fn new_service() -> Said {
    let mut bench = Bench::new(ORDER, "1.31.0")?;
    let server = bench.pod("server", &[])?;
    server.serve(9000, "echo")?;
    let client = bench.pod("client", &[])?;
    until("the first sync", || Ok(is_synced(bench.sync("client")?.as_ref())))?;
    let before = bench.sync("client")?.ok_or("not connected")?;
    assert_eq!(before.version, "1.31.0-embedded");
    assert!(bench.page("/version")?.starts_with("1.31.0-embedded-"));

    let addresses = bench.service("late", "server")?;
    let sent = |sync: &ProxySync| sync.types.get("Listener").map(|state| state.sent.clone());
    until("the second sync", || {
        let now = bench.sync("client")?;
        Ok(is_synced(now.as_ref()) && now.as_ref().and_then(&sent) != sent(&before))
    })?;
    for (family, address) in addresses.iter() {
        assert!(client.call(*address)?.starts_with("echo "), "{family}");
    }
    let told = client.told(2, |line| cluster(line) == "outbound|9000||late.app.svc.cluster.local")?;
    assert_eq!(told.len(), 2);
    Ok(())
}

fn refused() -> Said {
    let mut bench = Bench::new(ORDER, "1.31.0")?;
    let _addresses = bench.service("echo", "client")?;
    let _client = bench.pod("client", &[])?;
    until("the first sync", || Ok(is_synced(bench.sync("client")?.as_ref())))?;
    // A listener that Envoy does not take.
    bench.plane.alter(Some(Arc::new(|_, sidecar| {
        for listener in &mut sidecar.listeners {
            if listener["name"].as_str().is_some_and(|name| name.ends_with("_9000")) {
                listener["address"]["socket_address"]["address"] = "no.address".into();
            }
        }
    })));
    let listener = |bench: &Bench| -> Said<_> {
        let sync = bench.sync("client")?.ok_or("not connected")?;
        Ok(sync.types.get("Listener").cloned().unwrap_or_default())
    };
    until("the refusal", || Ok(!listener(&bench)?.error.is_empty()))?;
    let told = listener(&bench)?;
    assert!(told.error.contains("no.address"), "{}", told.error);
    assert_ne!(told.sent, told.acked);
    bench.plane.alter(None);
    until("the end of the refusal", || Ok(is_synced(bench.sync("client")?.as_ref())))?;
    Ok(())
}
