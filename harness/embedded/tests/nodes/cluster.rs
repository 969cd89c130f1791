//! A cluster in one process: store, controllers, kubelets and API.

use std::collections::BTreeMap;
use std::error::Error;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dualproof_embedded::api::{ApiServer, serve};
use dualproof_embedded::controller::{ClusterConfig, Controllers};
use dualproof_embedded::node::{Images, Kubelet, KubeletSettings, NoProxies, Proxies};
use dualproof_embedded::store::object::{condition, items, name, namespace, text, uid};
use dualproof_embedded::store::{Key, Selector, Since, Store, resource};
use dualproof_model::family::{IpFamily, parse_ip};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ApiResource, AttachParams, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Client, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// More than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a cluster is made with.
pub(crate) struct Wish {
    pub(crate) ranges: Vec<&'static str>,
    pub(crate) nodes: u8,
    pub(crate) images: Images,
    pub(crate) proxies: Arc<dyn Proxies>,
}

impl Default for Wish {
    fn default() -> Self {
        let ranges = vec!["10.96.0.0/16", "fd00:10:96::/112"];
        Self { ranges, nodes: 1, images: Images::default(), proxies: Arc::new(NoProxies) }
    }
}

pub(crate) struct Cluster {
    pub(crate) store: Store,
    pub(crate) kubelet: Kubelet,
    pub(crate) client: Client,
    pub(crate) folder: tempfile::TempDir,
    stop: CancellationToken,
}

/// How a command in a container ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// `Success`, or why not.
    pub(crate) status: String,
}

impl Cluster {
    pub(crate) async fn start(wish: Wish) -> Outcome<Self> {
        // Another trial may have done it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let ranges = wish.ranges.iter().map(|range| range.parse()).collect::<Result<Vec<_>, _>>()?;
        let config = ClusterConfig::new(ranges.clone());
        let (store, stop) = (config.store(), CancellationToken::new());
        let controllers = Controllers::new(&store, &config)?;
        tokio::spawn(controllers.run(stop.clone()));
        let folder = tempfile::tempdir()?;
        let settings =
            KubeletSettings { nodes: wish.nodes, ..KubeletSettings::new("test", folder.path().join("nodes"), &ranges) };
        let kubelet = Kubelet::start(&store, settings, wish.images, wish.proxies, stop.clone()).await?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = ApiServer { store: store.clone(), runtime: Arc::new(kubelet.clone()), stop: stop.clone() };
        tokio::spawn(serve(listener, server));
        let client = Client::try_from(Config::new(format!("http://{address}").parse()?))?;
        Ok(Self { store, kubelet, client, folder, stop })
    }

    /// Ends the cluster, and checks that it leaves nothing.
    pub(crate) async fn end(self) -> Outcome<()> {
        self.stop.cancel();
        timeout(LIMIT, self.kubelet.ended()).await?;
        let left = processes(self.folder.path())?;
        assert_eq!(left, Vec::<String>::new(), "processes of the cluster");
        Ok(())
    }

    /// Makes a namespace and applies the manifests of a file of `samples/` in it, or a text of YAML.
    pub(crate) async fn apply(&self, place: &str, manifest: &str) -> Outcome<()> {
        let text = match Path::new(manifest).extension() {
            Some(_) if !manifest.contains('\n') => {
                std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples").join(manifest))?
            }
            _ => manifest.to_owned(),
        };
        self.put("", json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place}})).await?;
        for object in serde_saphyr::from_multiple::<Value>(&text)? {
            self.put(place, object).await?;
        }
        Ok(())
    }

    async fn put(&self, place: &str, mut object: Value) -> Outcome<()> {
        let version = text(&object, "/apiVersion").to_owned();
        let (group, version) = version.split_once('/').unwrap_or(("", &version));
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, text(&object, "/kind")));
        if text(&object, "/kind") == "Deployment" {
            object["spec"]["template"]["metadata"]["labels"]["dualproof.dev/run"] = "test".into();
        }
        let api: Api<DynamicObject> = match place {
            "" => Api::all_with(self.client.clone(), &kind),
            place => Api::namespaced_with(self.client.clone(), place, &kind),
        };
        api.patch(name(&object), &PatchParams::apply("test"), &Patch::Apply(&object)).await?;
        Ok(())
    }

    /// Waits until an object is as wanted, and returns it.
    pub(crate) async fn until(
        &self,
        resource: &str,
        place: &str,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Outcome<Arc<Value>> {
        let mut watch = self.store.watch(resource, Some(place), Selector::default(), Since::Now)?;
        let mut last = Arc::new(Value::Null);
        let found = timeout(LIMIT, async {
            loop {
                let event = watch.next().await?;
                if is_wanted(&event.object) {
                    return Ok::<_, Box<dyn Error>>(event.object);
                }
                last = event.object;
            }
        });
        match found.await {
            Ok(found) => found,
            Err(_) => Err(format!("{resource} in {place} did not come to be as wanted; the last one: {last:#}").into()),
        }
    }

    /// Waits until a pod with the label `app` is Ready.
    pub(crate) async fn ready(&self, place: &str, app: &str) -> Outcome<Arc<Value>> {
        let is = |pod: &Value| {
            text(pod, "/metadata/labels/app") == app
                && is_ready(pod)
                && text(pod, "/metadata/deletionTimestamp").is_empty()
        };
        self.until(resource::PODS, place, is).await
    }

    /// Waits until the service proxies know a ready endpoint of a Service in each of its families.
    pub(crate) async fn served(&self, place: &str, service: &str) -> Outcome<()> {
        let service = self.store.get(&Key::new(resource::SERVICES, place, service))?;
        for family in items(&service, "/spec/ipFamilies") {
            let has = |slice: &Value| {
                text(slice, "/metadata/labels/kubernetes.io~1service-name") == name(&service)
                    && slice["addressType"] == *family
                    && items(slice, "/endpoints").iter().any(|endpoint| endpoint["conditions"]["ready"] == true)
            };
            self.until(resource::ENDPOINT_SLICES, place, has).await?;
        }
        Ok(())
    }

    pub(crate) fn pods(&self, place: &str) -> Api<Pod> {
        Api::namespaced(self.client.clone(), place)
    }

    /// Runs a command in a pod's only container.
    pub(crate) async fn exec(&self, pod: &Value, argv: &[&str], stdin: Option<&str>) -> Outcome<Ended> {
        let params = AttachParams::default().stdin(stdin.is_some()).stdout(true).stderr(true);
        let mut process = self.pods(namespace(pod)).exec(name(pod), argv.iter().copied(), &params).await?;
        let status = process.take_status().ok_or("no status")?;
        let (out, err) = (process.stdout(), process.stderr());
        let mut said = [String::new(), String::new()];
        let input = process.stdin();
        let whole = async {
            let [stdout, stderr] = &mut said;
            let feed = async {
                if let (Some(mut input), Some(text)) = (input, stdin) {
                    input.write_all(text.as_bytes()).await?;
                    input.shutdown().await?;
                }
                Ok::<_, std::io::Error>(())
            };
            let read_out =
                async { if let Some(mut out) = out { out.read_to_string(stdout).await.map(drop) } else { Ok(()) } };
            let read_err =
                async { if let Some(mut err) = err { err.read_to_string(stderr).await.map(drop) } else { Ok(()) } };
            let (fed, (), (), status) =
                tokio::join!(feed, async { drop(read_out.await) }, async { drop(read_err.await) }, status);
            // A command that ends before it has read everything is no failure.
            drop(fed);
            status
        };
        let status = timeout(LIMIT, whole).await?.ok_or("no status")?;
        let [stdout, stderr] = said;
        let word = |text: Option<String>| text.unwrap_or_default();
        let status = match word(status.status).as_str() {
            "Success" => "Success".to_owned(),
            _ => word(status.message),
        };
        Ok(Ended { stdout, stderr, status })
    }

    /// Runs a line of shell in a pod, and returns what it says.
    pub(crate) async fn shell(&self, pod: &Value, line: &str) -> Outcome<String> {
        let ended = self.exec(pod, &["sh", "-c", line], None).await?;
        if ended.status == "Success" { Ok(ended.stdout) } else { Err(format!("`{line}`: {ended:?}").into()) }
    }

    /// Repeats a line of shell until it says what it should: rules and names come a moment after their objects.
    pub(crate) async fn says(&self, pod: &Value, line: &str, wanted: &str) -> Outcome<()> {
        let again = async {
            loop {
                let ended = self.exec(pod, &["sh", "-c", line], None).await;
                match ended {
                    Ok(ended) if ended.stdout == wanted => return Ok::<_, Box<dyn Error>>(()),
                    Ok(_) => tokio::task::yield_now().await,
                    Err(error) => return Err(error),
                }
            }
        };
        match timeout(LIMIT, again).await {
            Ok(said) => said,
            Err(_) => {
                Err(format!("`{line}` never said `{wanted}`: {:?}", self.exec(pod, &["sh", "-c", line], None).await?)
                    .into())
            }
        }
    }
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True")
}

/// The addresses of a pod, in their order.
pub(crate) fn addresses(pod: &Value) -> Outcome<Vec<IpAddr>> {
    Ok(items(pod, "/status/podIPs").iter().map(|address| parse_ip(text(address, "/ip"))).collect::<Result<_, _>>()?)
}

pub(crate) fn families(pod: &Value) -> Outcome<Vec<IpFamily>> {
    Ok(addresses(pod)?.iter().map(IpFamily::of).collect())
}

/// The container's restarts, and what it does.
pub(crate) fn container(pod: &Value) -> Value {
    items(pod, "/status/containerStatuses").first().cloned().unwrap_or_default()
}

/// The processes whose program or working files are below a folder.
pub(crate) fn processes(folder: &Path) -> Outcome<Vec<String>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let path = entry.path();
        let program = std::fs::read_link(path.join("exe")).unwrap_or_default();
        let environment = std::fs::read(path.join("environ")).unwrap_or_default();
        let mentions = String::from_utf8_lossy(&environment).contains(&*folder.to_string_lossy());
        if number != std::process::id() && (program.starts_with(folder) || mentions) {
            found.insert(number, format!("{number} {}", program.display()));
        }
    }
    Ok(found.into_values().collect())
}

/// The uid of an object.
pub(crate) fn uid_of(object: &Value) -> String {
    uid(object).to_owned()
}
