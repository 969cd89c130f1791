//! A cluster without kubelets: store, controllers, control plane, a node and its pods.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use async_trait::async_trait;
use dualproof_dump::istio::syncz;
use dualproof_embedded::api::{ExecRequest, LogRequest, Output, PodRef, Runtime, RuntimeError, Stream, Streams};
use dualproof_embedded::authority::Authority;
use dualproof_embedded::controller::{ClusterConfig, Controllers, Defaults, ServiceAdmission};
use dualproof_embedded::mesh::{ControlPlane, Injector, Installation};
use dualproof_embedded::node::Proxies;
use dualproof_embedded::store::object::{items, text};
use dualproof_embedded::store::{Key, Part, Store, WriteOptions, builtin, istio, resource};
use dualproof_model::evidence::ProxySync;
use dualproof_model::family::{IpFamily, PerFamily, parse_ip};
use dualproof_model::spec::profiles;
use dualproof_netns::Namespace;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::Said;
use crate::pod::{Pod, STUCK};

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) plane: Arc<ControlPlane>,
    controllers: Controllers,
    folder: tempfile::TempDir,
    order: [IpFamily; 2],
    node: Namespace,
    ways: Arc<Ways>,
    istiod: Pod,
    stop: CancellationToken,
    count: u8,
}

impl Bench {
    /// Makes a cluster with the mesh in it and a namespace `app` whose pods get a sidecar.
    pub(crate) fn new(order: [IpFamily; 2], version: &str) -> Said<Self> {
        let range = |family| match family {
            IpFamily::IPv4 => "10.96.0.0/16".parse(),
            IpFamily::IPv6 => "fd00:10:96::/112".parse(),
        };
        let config = ClusterConfig::new(order.into_iter().map(range).collect::<Result<_, _>>()?);
        let rules = ServiceAdmission::new(&config);
        let store = Store::new(builtin(), vec![Box::new(Injector), Box::new(Defaults), Box::new(rules)]);
        store.install_kinds(istio());
        let controllers = Controllers::new(&store, &config)?;
        let text = include_str!("../../../../scenarios/profiles.yaml");
        let authority = Authority::new("cluster.local", SystemTime::now())?;
        let plane = Arc::new(ControlPlane::new(&store, profiles("profiles.yaml", text)?, authority, crate::envoy()?));
        let node = Namespace::new("node")?;
        node.set("ipv4/ip_forward", "1")?;
        node.set("ipv6/conf/all/forwarding", "1")?;
        let addresses = PerFamily { v4: "10.244.0.2".parse()?, v6: "fd00:10:244::2".parse()? };
        let object = json!({"status": {"podIPs": [{"ip": "10.244.0.2"}, {"ip": "fd00:10:244::2"}]}});
        let istiod = Pod::new(&node, "istiod", Arc::new(object), addresses)?;
        tokio::spawn(plane.serve(&istiod.namespace, &istiod.object)?);
        let (stop, ways) = (CancellationToken::new(), Arc::new(Ways::default()));
        let runtime: Arc<dyn Runtime> = ways.clone();
        plane.reach(&runtime);
        let (running, stopped) = (plane.clone(), stop.clone());
        tokio::spawn(async move { running.run(stopped).await });
        let folder = tempfile::tempdir()?;
        let bench = Self { store, plane, controllers, folder, order, node, ways, istiod, stop, count: 9 };
        bench.create(resource::NAMESPACES, "", json!({"metadata": {"name": "istio-system"}}))?;
        let app = json!({"metadata": {"name": "app", "labels": {"istio-injection": "enabled"}}});
        bench.create(resource::NAMESPACES, "", app)?;
        let data = json!({"version": version, "dualStack": "true", "proxyDualStack": "true"});
        let key = Installation::key();
        bench.create(resource::CONFIG_MAPS, &key.namespace, json!({"metadata": {"name": key.name}, "data": data}))?;
        Ok(bench)
    }

    pub(crate) fn create(&self, kind: &str, namespace: &str, object: Value) -> Said<Arc<Value>> {
        Ok(self.store.create(&Key::new(kind, namespace, ""), object, &WriteOptions::default())?)
    }

    /// Makes a pod that runs, with the label `app`, and its sidecar where the injector says so.
    pub(crate) fn pod(&mut self, name: &str, labels: &[(&str, &str)]) -> Said<Pod> {
        self.count += 1;
        let addresses = PerFamily {
            v4: format!("10.244.0.{}", self.count).parse()?,
            v6: format!("fd00:10:244::{}", self.count).parse()?,
        };
        let mut object = json!({
            "metadata": {"name": name, "labels": {"app": name}},
            "spec": {"nodeName": "node", "containers": [{"name": "app", "image": "app", "ports": [{"containerPort": 9000}]}]},
        });
        for (label, value) in labels {
            object["metadata"]["labels"][*label] = (*value).into();
        }
        self.create(resource::PODS, "app", object)?;
        let ips: Vec<Value> = self.order.iter().map(|family| json!({"ip": addresses.get(*family)})).collect();
        let key = Key::new(resource::PODS, "app", name);
        let object = self.store.modify(&key, Part::Status, &WriteOptions::default(), |before| {
            let mut pod = before.clone();
            pod["status"]["phase"] = "Running".into();
            pod["status"]["podIP"] = ips[0]["ip"].clone();
            pod["status"]["podIPs"] = ips.into();
            pod["status"]["conditions"] = json!([{"type": "Ready", "status": "True"}]);
            Ok(pod)
        })?;
        self.controllers.settle();
        let mut pod = Pod::new(&self.node, name, object.clone(), addresses)?;
        let containers = items(&object, "/spec/initContainers");
        if let Some(container) = containers.iter().find(|container| text(container, "/name") == "istio-init") {
            let redirection = self.plane.redirect(&object, container)?;
            pod.namespace.redirect(&redirection.redirect)?;
            let folder = self.folder(name);
            std::fs::create_dir_all(&folder)?;
            let launch = self.plane.launch(&object, &folder)?;
            pod.start(&launch, folder.join("access.log"))?;
            let way = (text(&object, "/metadata/uid").to_owned(), pod.namespace.clone());
            self.ways.known.lock().unwrap_or_else(PoisonError::into_inner).push(way);
        }
        Ok(pod)
    }

    /// Makes a Service in front of the pods with a label `app`, and returns its addresses.
    pub(crate) fn service(&mut self, name: &str, app: &str) -> Said<PerFamily<SocketAddr>> {
        let service = json!({
            "metadata": {"name": name},
            "spec": {
                "ipFamilyPolicy": "RequireDualStack", "selector": {"app": app},
                "ports": [{"name": "tcp", "port": 9000, "targetPort": 9000}],
            },
        });
        let made = self.create(resource::SERVICES, "app", service)?;
        self.controllers.settle();
        let addresses = items(&made, "/spec/clusterIPs").iter().filter_map(Value::as_str).map(parse_ip);
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        let of = |wanted: IpFamily| {
            let found = addresses.iter().find(|address| IpFamily::of(address) == wanted);
            found.map(|address| SocketAddr::new(*address, 9000)).ok_or("no address of a family")
        };
        Ok(PerFamily { v4: of(IpFamily::IPv4)?, v6: of(IpFamily::IPv6)? })
    }

    /// The folder of a pod's sidecar.
    pub(crate) fn folder(&self, pod: &str) -> PathBuf {
        self.folder.path().join(pod)
    }

    /// What istiod's debug page says of a sidecar; `None` while it is not connected.
    pub(crate) fn sync(&self, pod: &str) -> Said<Option<ProxySync>> {
        let page = self.page("/debug/syncz")?;
        let state = syncz(page.as_bytes(), "/debug/syncz")?;
        Ok(state.proxies.into_iter().find(|proxy| proxy.proxy == format!("{pod}.app")))
    }

    /// Gets a page from istiod.
    pub(crate) fn page(&self, page: &str) -> Said<String> {
        let mut stream = self.istiod.namespace.connect("[::1]:15014".parse()?, None, STUCK)?;
        stream.set_read_timeout(Some(STUCK))?;
        write!(stream, "GET {page} HTTP/1.1\r\nhost: istiod\r\nconnection: close\r\n\r\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        let (head, body) = said.split_once("\r\n\r\n").ok_or("no answer")?;
        if head.starts_with("HTTP/1.1 200") { Ok(body.to_owned()) } else { Err(said.into()) }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The namespaces of pods, by their uid.
#[derive(Default)]
struct Ways {
    known: Mutex<Vec<(String, Arc<Namespace>)>>,
}

#[async_trait]
impl Runtime for Ways {
    async fn exec(&self, _: ExecRequest, _: Streams) -> Result<i32, RuntimeError> {
        Err(RuntimeError::NoSuchProgram("there are no programs here".to_owned()))
    }

    async fn port_forward(&self, pod: &PodRef, port: u16) -> Result<Box<dyn Stream>, RuntimeError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let way = known.into_iter().find(|(uid, _)| *uid == pod.uid);
        let (_, namespace) = way.ok_or_else(|| RuntimeError::NotRunning("no such pod".to_owned()))?;
        for address in ["127.0.0.1", "::1"] {
            let Ok(address) = address.parse() else { continue };
            let Ok(stream) = namespace.connect(SocketAddr::new(address, port), None, STUCK) else { continue };
            let failed = |source| RuntimeError::Failed { what: "take a connection".to_owned(), source };
            stream.set_nonblocking(true).map_err(failed)?;
            return Ok(Box::new(tokio::net::TcpStream::from_std(stream).map_err(failed)?));
        }
        Err(RuntimeError::Unreachable(format!("nothing listens on {port}")))
    }

    async fn log(&self, _: LogRequest) -> Result<Output, RuntimeError> {
        Err(RuntimeError::NotRunning("there are no logs here".to_owned()))
    }
}
