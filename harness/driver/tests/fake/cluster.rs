//! A cluster behind a client of the fake API server. Not in `mod.rs`, because not every test has one.

use dualproof_driver::cluster::{Cluster, WayIn};
use kube::Client;

/// Makes a cluster without nodes; `created` says whether the run made it.
pub(crate) fn cluster(client: Client, created: bool) -> Cluster {
    Cluster {
        client,
        name: "c".to_owned(),
        kubeconfig: "kc".into(),
        context: None,
        created,
        nodes: Vec::new(),
        way_in: WayIn::Docker,
    }
}
