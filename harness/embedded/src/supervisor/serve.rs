//! Putting a cluster together.

use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::SystemTime;

use dualproof_netns::confine::Tmpfs;
use ipnet::IpNet;
use tokio_util::sync::CancellationToken;

use super::settings::service_range;
use super::{ClusterSettings, SupervisorError, inspect};
use crate::api::{self, ApiServer, Runtime};
use crate::authority::Authority;
use crate::controller::{ClusterConfig, Controllers, Defaults, ServiceAdmission};
use crate::dns::Switch;
use crate::mesh::{ControlPlane, Injector};
use crate::node::{Images, Kubelet, KubeletSettings, Proxies};
use crate::store::{Store, builtin};

/// The domain that the mesh's identities belong to.
const DOMAIN: &str = "cluster.local";

/// Runs a cluster until `stop` is cancelled and its last pod has ended. `ready` is called when its nodes are there; from then on the API
/// answers. Inside [`dualproof_netns::confine::confine`] and a tokio runtime of several threads.
///
/// # Errors
/// [`SupervisorError`]: why it does not begin.
pub async fn serve(
    settings: ClusterSettings,
    listener: TcpListener,
    stop: CancellationToken,
    ready: impl FnOnce(),
) -> Result<(), SupervisorError> {
    let ranges: Vec<IpNet> = settings.families.iter().copied().map(service_range).collect();
    let authority = Authority::new(DOMAIN, SystemTime::now()).map_err(SupervisorError::Authority)?;
    let config = ClusterConfig { root_certificate: authority.root().to_owned(), ..ClusterConfig::new(ranges.clone()) };
    // The injector goes first: what it adds is completed like everything else.
    let rules: [Box<dyn crate::store::Admission>; 4] =
        [Box::new(Injector), Box::new(Defaults), Box::new(ServiceAdmission::new(&config)), Box::new(Switch)];
    let store = Store::new(builtin(), rules.into());
    let controllers = Controllers::new(&store, &config).map_err(SupervisorError::Objects)?;
    let controlling = tokio::spawn(controllers.run(stop.clone()));
    let mesh = Arc::new(ControlPlane::new(&store, settings.profiles, authority, settings.envoy));
    let files = settings.folder.join("files");
    // Where the system does not let us, the disk will do. Logs stay there in any case: they would fill the memory of a cluster that is kept.
    let _in_memory = fs::create_dir_all(&files).is_ok().then(|| Tmpfs::over(&files));
    let nodes = KubeletSettings {
        nodes: settings.nodes,
        logs: settings.folder.join("logs"),
        ..KubeletSettings::new(&settings.name, &files, &ranges)
    };
    let proxies: Arc<dyn Proxies> = mesh.clone();
    let images = mesh.images(Images::default());
    let kubelet = Kubelet::start(&store, nodes, images, proxies, stop.clone()).await.map_err(SupervisorError::Nodes)?;
    let runtime: Arc<dyn Runtime> = Arc::new(kubelet.clone());
    mesh.reach(&runtime);
    let pushing = tokio::spawn({
        let (mesh, stop) = (Arc::clone(&mesh), stop.clone());
        async move { mesh.run(stop).await }
    });
    ready();
    let pages = inspect::pages(&store, &kubelet);
    let served = api::serve_with(listener, ApiServer { store, runtime, stop: stop.clone() }, pages).await;
    // Also when the API broke: nothing goes on without it.
    stop.cancel();
    kubelet.ended().await;
    // Neither panics, and nobody aborts them.
    drop(tokio::join!(controlling, pushing));
    served.map_err(SupervisorError::Api)
}
