//! Dumps that break off, proxies that go away while they are read, and files that cannot be written.

use dualproof_driver::context::RunContext;
use dualproof_driver::mesh::{MeshSettings, choose};
use dualproof_dump::bundle::{Bundle, Writer, layout};
use dualproof_model::plan::{MeshKind, Timeouts};

use super::pods::{Pods, Port, cluster, pod, read_back, why};
use crate::fake::{Checked, context, serve};

const PAGES: [&str; 5] = [layout::SERVER_INFO, layout::LISTENERS, layout::CLUSTERS, layout::CONFIG_DUMP, layout::STATS];

/// Reads the proxies `good` and `bad` and istiod, and returns the bundle as it is read back.
async fn collected(bad: Port, istiod: Port) -> Result<Bundle, Box<dyn std::error::Error>> {
    let pods = Pods::of(&[("good", Port::Whole), ("bad", bad), ("istiod", istiod)]);
    let (client, _) = serve(pods.router()).await?;
    let folder = tempfile::tempdir()?;
    let writer = Writer::create(folder.path())?;
    let context = RunContext { timeouts: Timeouts { dump: 1, request: 1, ..Timeouts::default() }, ..context() };
    let mesh = choose(MeshKind::Istio, &MeshSettings::default());
    mesh.collect(&context, &cluster(client), &[pod("good"), pod("bad")], &writer).await;
    read_back(&writer)
}

#[tokio::test]
async fn a_proxy_whose_dump_breaks_off_is_missing_with_the_reason_and_the_other_is_kept() -> Checked {
    let cases = [
        (
            Port::Short,
            "cannot get /config_dump?include_eds from port 15000 of ns/bad: ",
            "end of file before message length reached",
        ),
        (Port::Half, "proxies/ns/bad/config_dump.json breaks off at line ", "; expected Envoy's /config_dump"),
        (Port::Torn, "cannot get /config_dump?include_eds from port 15000 of ns/bad: ", "connection"),
        (Port::Gone, "cannot get /config_dump?include_eds from port 15000 of ns/bad: ", "pods \"bad\" not found (404)"),
    ];
    for (port, begins, holds) in cases {
        let bundle = collected(port, Port::Whole).await?;
        let proxies = &bundle.evidence.proxies;
        assert_eq!(proxies.iter().map(|proxy| proxy.pod.name.as_str()).collect::<Vec<_>>(), ["good"], "{port:?}");
        assert!(!proxies[0].listeners.is_empty() && !proxies[0].hosts.is_empty(), "{port:?}");
        assert!(bundle.evidence.sync.is_some(), "{port:?}");
        for page in PAGES {
            why(&bundle, &layout::proxy_file(&pod("bad"), page))?;
        }
        let said = why(&bundle, &layout::proxy_file(&pod("bad"), layout::CONFIG_DUMP))?;
        assert!(said.starts_with(begins) && said.contains(holds), "{port:?}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_page_that_never_ends_costs_its_own_proxy_its_budget_and_nobody_else_anything() -> Checked {
    let bundle = collected(Port::Endless, Port::Whole).await?;
    assert_eq!(bundle.evidence.proxies.len(), 1);
    let first = why(&bundle, &layout::proxy_file(&pod("bad"), layout::SERVER_INFO))?;
    assert!(first.starts_with("no answer within 1 s to: get /server_info from port 15000 of ns/bad"), "{first}");
    let second = why(&bundle, &layout::proxy_file(&pod("bad"), layout::LISTENERS))?;
    assert_eq!(second, "the 1 s for this proxy were used up before it was asked");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_no_http_is_told_even_where_the_connection_stays() -> Checked {
    let bundle = collected(Port::Noise, Port::Whole).await?;
    let said = why(&bundle, &layout::proxy_file(&pod("bad"), layout::SERVER_INFO))?;
    assert!(said.contains("invalid HTTP version parsed"), "{said}");
    Ok(())
}

#[tokio::test]
async fn a_sync_state_that_breaks_off_is_missing_with_the_reason() -> Checked {
    for (port, words) in [(Port::Half, "breaks off"), (Port::Short, "end of file before message length reached")] {
        let bundle = collected(Port::Whole, port).await?;
        assert_eq!(bundle.evidence.proxies.len(), 2, "{port:?}");
        assert!(bundle.evidence.sync.is_none());
        let said = why(&bundle, layout::SYNCZ)?;
        assert!(said.contains(words), "{port:?}: {said}");
    }
    Ok(())
}
