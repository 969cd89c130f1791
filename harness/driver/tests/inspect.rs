//! Pods' network namespaces, with a script for docker that says what a node would.

mod fake;
#[path = "fake/cluster.rs"]
mod fake_cluster;

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;

use axum::Router;
use dualproof_driver::cluster::{Cluster, KindTools};
use dualproof_driver::context::RunContext;
use dualproof_driver::inspect;
use dualproof_dump::bundle::{self, Writer, layout};
use dualproof_model::evidence::{Evidence, Manifest, NetnsSource, PodRef};
use dualproof_model::plan::Timeouts;
use fake::{Checked, context, serve};

fn pod(name: &str) -> PodRef {
    PodRef { namespace: "dual-stack".to_owned(), name: name.to_owned() }
}

/// Puts the recorded files of a pod together as the script on a node does.
fn stream(pod: &PodRef) -> std::io::Result<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dump/tests/data/netns/server");
    let mut stream = Vec::new();
    for file in layout::NETNS_FILES {
        let bytes = std::fs::read(data.join(file))?;
        let warning = "# Warning: iptables-legacy tables present\n";
        stream.extend(format!("dualproof {pod} {file} 0 {} {}\n", bytes.len(), warning.len()).into_bytes());
        stream.extend(bytes);
        stream.extend(warning.as_bytes());
    }
    Ok(stream)
}

struct Seen {
    evidence: Evidence,
    calls: String,
    script: String,
}

impl Seen {
    fn missing(&self) -> BTreeMap<&str, &str> {
        let missing = self.evidence.manifest.missing.iter();
        missing.filter(|one| one.what.starts_with("netns")).map(|one| (one.what.as_str(), one.why.as_str())).collect()
    }
}

/// Looks into two pods with a docker whose two calls are these pieces of shell; `$here/stream` is what the node says when all is well.
async fn look(nodes: &[&str], list: &str, exec: &str, bytes: &[u8]) -> Result<Seen, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fake/tool.sh"), folder.path().join("docker"))?;
    std::fs::write(folder.path().join("stream"), bytes)?;
    let case = format!("case \"$1\" in ps) {list};; exec) printf '%s' \"$9\" > \"$here/script\"; {exec};; esac");
    std::fs::write(folder.path().join("docker.case"), case)?;
    let (client, _) = serve(Router::new()).await?;
    let cluster =
        Cluster { nodes: nodes.iter().map(|node| (*node).to_owned()).collect(), ..fake_cluster::cluster(client, true) };
    let context = RunContext { timeouts: Timeouts { dump: 2, ..Timeouts::default() }, ..context() };
    let tools = KindTools { docker: folder.path().join("docker").into(), kind: "kind".into() };
    let bundle = tempfile::tempdir()?;
    let writer = Writer::create(bundle.path())?;
    inspect::collect(&context, &cluster, &tools, &[pod("a"), pod("b")], &writer).await;
    writer.save(Manifest::default())?;
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    Ok(Seen { evidence: bundle::read(bundle.path())?.evidence, calls: read("calls"), script: read("script") })
}

const LIST: &str = "echo node-1; echo stranger";

#[tokio::test]
async fn all_pods_of_a_node_come_with_one_call() -> Checked {
    let bytes = [stream(&pod("a"))?, stream(&pod("b"))?].concat();
    let seen = look(&["node-1"], LIST, "cat \"$here/stream\"", &bytes).await?;
    assert_eq!(seen.missing(), BTreeMap::new());
    assert_eq!(seen.evidence.netns.len(), 2);
    for netns in &seen.evidence.netns {
        assert_eq!(netns.source, NetnsSource::Node);
        assert!(netns.rules.v4.is_some() && netns.rules.v6.is_some() && netns.interfaces.is_some());
    }
    assert_eq!(seen.calls.matches("docker exec node-1 timeout").count(), 1, "{}", seen.calls);
    assert!(seen.calls.trim_end().ends_with("sh dual-stack/a dual-stack/b"), "{}", seen.calls);
    Ok(())
}

#[tokio::test]
async fn the_script_is_one_that_a_shell_takes() -> Checked {
    let seen =
        look(&["node-1"], LIST, "sh -n \"$here/script\" 2>> \"$here/calls\" || echo bad >> \"$here/calls\"", b"")
            .await?;
    assert!(seen.script.contains("nsenter") && !seen.calls.ends_with("bad\n"), "{}", seen.calls);
    Ok(())
}

#[tokio::test]
async fn a_pod_on_no_node_is_missing_with_the_nodes_that_were_asked() -> Checked {
    let seen = look(&["node-1", "remote"], LIST, "cat \"$here/stream\"", &stream(&pod("a"))?).await?;
    assert_eq!(
        seen.missing(),
        BTreeMap::from([("netns/dual-stack/b", "no node holds a sandbox of it: node-1 were looked through")])
    );
    Ok(())
}

#[tokio::test]
async fn a_cluster_without_a_way_in_says_why() -> Checked {
    let cases = [
        (vec!["gke-1"], LIST, "none of gke-1 is one on this machine"),
        (vec![], LIST, "the cluster's nodes are not known"),
        (vec!["node-1"], "echo no daemon >&2; exit 1", "docker does not say which they are"),
    ];
    for (nodes, list, why) in cases {
        let seen = look(&nodes, list, "exit 1", b"").await?;
        assert_eq!(seen.missing().keys().copied().collect::<Vec<_>>(), ["netns/dual-stack/a", "netns/dual-stack/b"]);
        assert!(seen.missing().values().all(|said| said.contains(why)), "{:?}", seen.missing());
        assert!(!seen.calls.contains("exec"), "{}", seen.calls);
    }
    Ok(())
}

#[tokio::test]
async fn a_node_in_trouble_costs_what_it_did_not_say() -> Checked {
    let whole = stream(&pod("a"))?;
    let cases = [
        ("head -c 9000 \"$here/stream\"; echo cannot fork >&2; exit 1", "cannot fork"),
        ("head -c 9000 \"$here/stream\"", "node node-1 did not tell all: it said nothing"),
        ("head -c 9000 \"$here/stream\"; exit 124", "did not read its pods' namespaces within 1 s"),
        ("exec sleep 30", "no end within 2 s"),
    ];
    for (exec, why) in cases {
        let seen = look(&["node-1"], LIST, exec, &whole).await?;
        let missing = seen.missing();
        assert!(missing.get("netns/dual-stack/b").is_some_and(|said| said.contains(why)), "{exec}: {missing:?}");
        if exec.starts_with("head") {
            assert!(seen.evidence.netns[0].rules.v4.is_some(), "{exec}: what was whole counts");
            assert!(
                missing.get("netns/dual-stack/a/proc-net-udp6").is_some_and(|said| said.contains(why)),
                "{missing:?}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_tool_that_fails_and_an_answer_that_is_cut_cost_their_file_alone() -> Checked {
    let mut bytes = b"dualproof dual-stack/a ip6tables-save 127 0 30\nsh: ip6tables-save: not found\n".to_vec();
    bytes.extend(b"dualproof dual-stack/a addr.json 0 12 0\n[{\"ifname\":\"");
    bytes.extend(b"dualproof dual-stack/a ../../evil 0 2 0\n{}dualproof dual-stack/c addr.json 0 2 0\n[]");
    bytes.extend(stream(&pod("b"))?);
    let seen = look(&["node-1"], LIST, "cat \"$here/stream\"", &bytes).await?;
    let missing = seen.missing();
    let rules = "the node's tool ended with status 127: sh: ip6tables-save: not found";
    assert_eq!(missing.get("netns/dual-stack/a/ip6tables-save"), Some(&rules), "{missing:?}");
    assert!(missing.get("netns/dual-stack/a/addr.json").is_some_and(|said| said.contains("breaks off")), "{missing:?}");
    assert_eq!(seen.evidence.netns.iter().map(|netns| netns.pod.name.as_str()).collect::<Vec<_>>(), ["b"]);
    Ok(())
}
