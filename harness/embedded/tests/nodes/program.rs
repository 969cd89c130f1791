//! Programs that a mesh brings.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use dualproof_embedded::envoy::Launch;
use dualproof_embedded::node::container::Log;
use dualproof_embedded::node::{Builtin, Images, Program, Proxies, Redirection};
use dualproof_embedded::store::object::{items, name, uid};
use dualproof_embedded::store::resource;
use dualproof_model::family::IpFamily;
use dualproof_netns::Namespace;
use dualproof_netns::inspect::File;
use kube::api::{DeleteParams, LogParams};
use libtest_mimic::Trial;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, Wish, container, is_ready};
use crate::{Said, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("program::a_sidecar_is_started_redirected_and_told_of_its_end", sidecar),
        trial("program::what_runs_in_this_process_serves_in_its_pods_network", builtin),
    ]
}

/// A mesh whose sidecar is a shell.
#[derive(Default)]
struct Fake {
    gone: Mutex<Vec<String>>,
}

impl Proxies for Fake {
    fn launch(&self, pod: &Value, folder: &Path) -> Result<Launch, String> {
        let bootstrap = folder.join("bootstrap.json");
        let addresses: Vec<&str> = items(pod, "/status/podIPs").iter().filter_map(|ip| ip["ip"].as_str()).collect();
        std::fs::write(&bootstrap, addresses.join(" ")).map_err(|error| error.to_string())?;
        let script = format!("cat {}; echo; echo serving; exec sleep infinity", bootstrap.display());
        let path = std::env::var_os("PATH").unwrap_or_default();
        Ok(Launch {
            program: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: vec![("PATH".into(), path)],
        })
    }

    fn redirect(&self, pod: &Value, container: &Value) -> Result<Redirection, String> {
        let preamble = format!("redirects {} by {}", name(pod), name_of(container));
        Ok(Redirection { preamble, ..Redirection::default() })
    }

    fn is_ready_line(&self, line: &str) -> bool {
        line == "serving"
    }

    fn gone(&self, uid: &str) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).push(uid.to_owned());
    }
}

fn name_of(container: &Value) -> &str {
    container["name"].as_str().unwrap_or_default()
}

async fn sidecar() -> Said {
    let mesh = Arc::new(Fake::default());
    let images = Images::default().with("proxyv2", Program::Proxy);
    let cluster =
        Cluster::start(Wish { images, proxies: Arc::clone(&mesh) as Arc<dyn Proxies>, ..Wish::default() }).await?;
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: p}}, spec: {terminationGracePeriodSeconds: 1, \
        initContainers: [{name: istio-init, image: 'istio/proxyv2:1', args: [istio-iptables]}], \
        containers: [{name: own, image: curl}, {name: istio-proxy, image: 'istio/proxyv2:1'}]}}";
    cluster.apply("n", pod).await?;
    let pod = cluster.ready("n", "p").await?;
    let pods = cluster.pods("n");
    let log = pods.logs("p", &LogParams { container: Some("istio-proxy".to_owned()), ..LogParams::default() }).await?;
    let addresses: Vec<&str> = items(&pod, "/status/podIPs").iter().filter_map(|ip| ip["ip"].as_str()).collect();
    assert_eq!(log, format!("{}\nserving\n", addresses.join(" ")));
    let log = pods.logs("p", &LogParams { container: Some("istio-init".to_owned()), ..LogParams::default() }).await?;
    assert!(log.starts_with("redirects p by istio-init\n") && log.contains("Added ::6 address"), "{log}");
    let namespace = cluster.kubelet.namespace(uid(&pod)).ok_or("a namespace")?;
    for family in IpFamily::BOTH {
        let rules = File::Rules(family).read(&namespace)?;
        assert!(
            rules.contains("ISTIO_OUTPUT") && log.contains(&format!("Final iptables state ({family}):\n{rules}")),
            "{log}"
        );
    }
    pods.delete("p", &DeleteParams::default()).await?;
    let mut watch = cluster.store.follow();
    while mesh.gone.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
        tokio::time::timeout(crate::cluster::LIMIT, watch.recv()).await?.ok_or("a change")?;
    }
    assert_eq!(*mesh.gone.lock().unwrap_or_else(PoisonError::into_inner), [uid(&pod)]);
    cluster.end().await
}

/// Serves one word over HTTP, each family by itself.
struct Word;

impl Builtin for Word {
    fn start(&self, namespace: &Arc<Namespace>, pod: &Value, log: &Log) -> io::Result<JoinHandle<()>> {
        let address = items(pod, "/status/podIPs").first().and_then(|ip| ip["ip"].as_str()?.parse().ok());
        let address: std::net::IpAddr = address.ok_or_else(|| io::Error::other("the pod has no address"))?;
        let listener = namespace.listen((address, 8080).into()).map_err(io::Error::other)?;
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        log.say(&format!("serves at {address}"));
        Ok(tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = [0; 1024];
                let length = stream.read(&mut asked).await.unwrap_or_default();
                if asked[..length].starts_with(b"GET /end") {
                    return;
                }
                drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready").await);
            }
        }))
    }
}

async fn builtin() -> Said {
    let images = Images::default().with("word", Program::Builtin(Arc::new(Word)));
    let cluster = Cluster::start(Wish { images, ..Wish::default() }).await?;
    let pod = "{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: p}}, spec: {containers: [
        {name: own, image: 'dualproof.dev/word', readinessProbe: {httpGet: {port: 8080, path: /ready}}}]}}";
    cluster.apply("n", pod).await?;
    let pod = cluster.ready("n", "p").await?;
    let address = items(&pod, "/status/podIPs").first().and_then(|ip| ip["ip"].as_str()).unwrap_or_default().to_owned();
    let said = cluster.shell(&pod, &format!("printf 'GET / HTTP/1.1\\r\\n\\r\\n' | nc -w 5 {address} 8080")).await?;
    assert!(said.ends_with("ready"), "{said}");
    assert_eq!(cluster.pods("n").logs("p", &LogParams::default()).await?, format!("serves at {address}\n"));
    // One that ends is started again.
    drop(cluster.exec(&pod, &["sh", "-c", &format!("echo GET /end | nc -w 5 {address} 8080")], None).await?);
    cluster.until(resource::PODS, "n", |pod| container(pod)["restartCount"] == 1 && is_ready(pod)).await?;
    cluster.end().await
}
