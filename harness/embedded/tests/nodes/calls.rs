//! Calls by every way.

use std::net::SocketAddr;

use dualproof_embedded::store::object::{items, name, text};
use dualproof_embedded::store::{Key, resource};
use dualproof_model::family::{IpFamily, parse_ip};
use libtest_mimic::Trial;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cluster::{Cluster, Wish, addresses, families};
use crate::{Said, trial};

const ORDERS: [&[&str]; 2] = [&["10.96.0.0/16", "fd00:10:96::/112"], &["fd00:10:96::/112", "10.96.0.0/16"]];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("calls::the_seeds_pods_answer_by_every_way_in_both_orders", || async {
            for order in ORDERS {
                seed(order).await?;
            }
            Ok(())
        }),
        trial("calls::a_cluster_of_one_family_has_the_other_nowhere", || async {
            for (range, family) in [("10.96.0.0/16", IpFamily::IPv4), ("fd00:10:96::/112", IpFamily::IPv6)] {
                single(range, family).await?;
            }
            Ok(())
        }),
        trial("calls::pods_of_two_nodes_reach_each_other_and_every_node_port", two_nodes),
        trial("calls::the_agent_answers_who_it_is", matrix),
    ]
}

async fn seed(order: &[&'static str]) -> Said {
    let cluster = Cluster::start(Wish { ranges: order.to_vec(), ..Wish::default() }).await?;
    for family in ["dual-stack", "ipv4", "ipv6"] {
        cluster.apply(family, &format!("tcp-echo/tcp-echo-{family}.yaml")).await?;
    }
    cluster.apply("sleep", "sleep/sleep.yaml").await?;
    let client = cluster.ready("sleep", "sleep").await?;
    let first = IpFamily::of(&order[0].parse::<ipnet::IpNet>()?.addr());
    assert_eq!(families(&client)?, [first, first.other()]);
    let conf = cluster.shell(&client, "cat /etc/resolv.conf").await?;
    let dns = cluster.store.get(&Key::new(resource::SERVICES, "kube-system", "kube-dns"))?;
    let server = text(&dns, "/spec/clusterIP");
    assert_eq!(
        conf,
        format!(
            "search sleep.svc.cluster.local svc.cluster.local cluster.local\nnameserver {server}\noptions ndots:5\n"
        )
    );
    for place in ["dual-stack", "ipv4", "ipv6"] {
        let server = cluster.ready(place, "tcp-echo").await?;
        cluster.served(place, "tcp-echo").await?;
        let service = cluster.store.get(&Key::new(resource::SERVICES, place, "tcp-echo"))?;
        let mut hosts = vec![format!("tcp-echo.{place}"), format!("tcp-echo.{place}.svc.cluster.local")];
        hosts.extend(items(&service, "/spec/clusterIPs").iter().filter_map(|ip| ip.as_str()).map(str::to_owned));
        for host in &hosts {
            cluster.says(&client, &format!("echo {host} | nc -w 5 {host} 9000"), &format!("hello {host}\n")).await?;
        }
        for address in addresses(&server)? {
            let said = cluster.shell(&client, &format!("echo x | nc -w 5 {address} 9002")).await?;
            assert_eq!(said, "hello x\n", "{address}");
        }
    }
    // curl tells which address it tries: those of the family that it was asked for.
    for (flag, family) in [("-4", IpFamily::IPv4), ("-6", IpFamily::IPv6)] {
        let ended = cluster
            .exec(
                &client,
                &["curl", flag, "-v", "-s", "-o", "/dev/null", "--max-time", "5", "http://tcp-echo.dual-stack:9000/"],
                None,
            )
            .await?;
        let service = cluster.store.get(&Key::new(resource::SERVICES, "dual-stack", "tcp-echo"))?;
        let addresses = items(&service, "/spec/clusterIPs").iter().filter_map(|ip| parse_ip(ip.as_str()?).ok());
        let own = addresses.into_iter().find(|address| IpFamily::of(address) == family).ok_or("an address")?;
        assert!(ended.stderr.contains(&format!("Trying {}", SocketAddr::new(own, 9000))), "{ended:?}");
    }
    cluster.end().await
}

async fn single(range: &'static str, family: IpFamily) -> Said {
    let cluster = Cluster::start(Wish { ranges: vec![range], ..Wish::default() }).await?;
    let sample = if family == IpFamily::IPv4 { "ipv4" } else { "ipv6" };
    cluster.apply("own", &format!("tcp-echo/tcp-echo-{sample}.yaml")).await?;
    cluster.apply("sleep", "sleep/sleep.yaml").await?;
    let (client, server) = (cluster.ready("sleep", "sleep").await?, cluster.ready("own", "tcp-echo").await?);
    assert_eq!(families(&server)?, [family]);
    cluster.says(&client, "echo x | nc -w 5 tcp-echo.own 9000", "hello x\n").await?;
    let node = cluster.store.get(&Key::new(resource::NODES, "", "test-control-plane"))?;
    assert_eq!(items(&node, "/spec/podCIDRs").len(), 1);
    let internal = items(&node, "/status/addresses").iter().filter(|address| address["type"] == "InternalIP");
    assert_eq!(internal.count(), 1);
    cluster.end().await
}

async fn two_nodes() -> Said {
    let cluster = Cluster::start(Wish { nodes: 3, ..Wish::default() }).await?;
    cluster.apply("n", SPREAD).await?;
    let mut nodes = std::collections::BTreeSet::new();
    let pods = [cluster.ready("n", "one").await?, cluster.ready("n", "other").await?];
    for pod in &pods {
        nodes.insert(text(pod, "/spec/nodeName").to_owned());
    }
    assert_eq!(nodes.into_iter().collect::<Vec<_>>(), ["test-worker", "test-worker2"], "none is on the control plane");
    cluster.served("n", "one").await?;
    let service = cluster.store.get(&Key::new(resource::SERVICES, "n", "one"))?;
    let port = u16::try_from(service["spec"]["ports"][0]["nodePort"].as_u64().ok_or("a node port")?)?;
    let [server, client] = &pods;
    for address in addresses(server)? {
        assert_eq!(cluster.shell(client, &format!("echo x | nc -w 5 {address} 9000")).await?, "hello x\n", "{address}");
    }
    cluster.says(client, "echo x | nc -w 5 one 9000", "hello x\n").await?;
    for node in cluster.kubelet.nodes() {
        for address in node.addresses() {
            let said = cluster.shell(client, &format!("echo x | nc -w 5 {address} {port}")).await?;
            assert_eq!(said, "hello x\n", "{} {address}", node.name());
            // As from outside of the cluster: from a node that is not the one that is called.
            let caller =
                cluster.kubelet.nodes().iter().find(|other| other.name() != node.name()).ok_or("another node")?;
            let to = SocketAddr::new(address, port);
            let stream = caller.namespace().connect(to, None, crate::cluster::LIMIT)?;
            stream.set_nonblocking(true)?;
            let mut stream = tokio::net::TcpStream::from_std(stream)?;
            stream.write_all(b"node\n").await?;
            stream.shutdown().await?;
            let mut heard = String::new();
            stream.read_to_string(&mut heard).await?;
            assert_eq!(heard, "hello node\n", "{to} from {}", caller.name());
        }
    }
    cluster.end().await
}

async fn matrix() -> Said {
    let cluster = Cluster::start(Wish::default()).await?;
    cluster.apply("m", "matrix/servers.yaml").await?;
    cluster.apply("m", "matrix/headless.yaml").await?;
    cluster.apply("m", "matrix/caller.yaml").await?;
    let caller = cluster.ready("m", "caller").await?;
    let server = cluster.ready("m", "server").await?;
    let headless = cluster.ready("m", "headless-dual").await?;
    for service in ["dual-v4v6", "headless-dual"] {
        cluster.served("m", service).await?;
    }
    cluster.says(&caller, "/bin/true; echo", "\n").await?;
    let mut asks = String::new();
    for (id, to) in addresses(&server)?.iter().map(|address| SocketAddr::new(*address, 9000)).enumerate() {
        asks.push_str(&format!("{{\"id\":\"{id}\",\"token\":\"t{id}\",\"to\":{{\"address\":\"{to}\"}},\"protocol\":\"tcp\",\"deadlineMillis\":5000}}\n"));
    }
    let ended = cluster.exec(&caller, &["/agent", "probe", "--concurrency", "2"], Some(&asks)).await?;
    assert_eq!(ended.status, "Success", "{ended:?}");
    let reports: Vec<serde_json::Value> = ended.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(reports.len(), 2, "{ended:?}");
    for report in &reports {
        assert!(report.to_string().contains(name(&server)), "{report}");
    }
    let found = cluster.exec(&caller, &["/agent", "resolve", "headless-dual.m.svc.cluster.local"], None).await?;
    for address in addresses(&headless)? {
        assert!(found.stdout.contains(&address.to_string()), "{found:?}");
    }
    cluster.end().await
}

/// Two Deployments, so that each worker has a pod.
const SPREAD: &str = "
apiVersion: v1
kind: Service
metadata: {name: one}
spec: {type: NodePort, ipFamilyPolicy: RequireDualStack, selector: {app: one}, ports: [{name: tcp, port: 9000}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: one}
spec:
  selector: {matchLabels: {app: one}}
  template:
    metadata: {labels: {app: one}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: own, image: tcp-echo-server, args: ['9000', hello]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: other}
spec:
  selector: {matchLabels: {app: other}}
  template:
    metadata: {labels: {app: other}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: own, image: curl}]}
";
