//! A cluster that is there: whose is it?

use dualproof_model::family::parse_ip;
use hyper::Uri;
use kube::config::Kubeconfig;

use super::{Seen, Trap, fit};
use crate::api;
use crate::cluster::Existing;
use crate::context::{RUN_LABEL, RunContext};
use crate::doctor::Subject;
use crate::trouble::chain;

/// The context does not look like a cluster of this machine.
pub(super) const PRODUCTION: Trap = Trap {
    id: "context-looks-like-production",
    title: "The context may be somebody's production",
    why: "a mesh that is installed for a test changes how every new pod of a cluster may start",
};

/// How tools for local clusters name their contexts (kind, k3d, minikube, Docker Desktop, Rancher Desktop, Colima, OrbStack,
/// MicroK8s).
const LOCAL: &[&str] =
    &["kind-", "k3d-", "minikube", "docker-desktop", "rancher-desktop", "colima", "orbstack", "microk8s"];

/// Looks at the context, and asks its server for the version when it matters. A server that does not answer is no trap: the
/// provider says so itself.
pub(in crate::doctor) async fn look(context: &RunContext, existing: &Existing, subject: &Subject) -> Vec<Seen> {
    let mut seen = Vec::from_iter(production(existing, subject));
    if fit::istio(subject).is_some() {
        seen.extend(fit::look(subject, server_minor(context, existing).await));
    }
    seen
}

fn production(existing: &Existing, subject: &Subject) -> Option<Seen> {
    let by_hand = format!("kubectl --kubeconfig {} config get-contexts", existing.kubeconfig.display());
    let kubeconfig = match Kubeconfig::read_from(&existing.kubeconfig) {
        Ok(kubeconfig) => kubeconfig,
        Err(error) => return Some(PRODUCTION.unsure(chain(&error), &by_hand)),
    };
    let Some(name) = existing.context.clone().or_else(|| kubeconfig.current_context.clone()) else {
        return Some(PRODUCTION.unsure("the kubeconfig has no current context", &by_hand));
    };
    let Some(server) = server(&kubeconfig, &name) else {
        return Some(PRODUCTION.unsure(format!("the kubeconfig has no server for the context `{name}`"), &by_hand));
    };
    if is_local(&name, &server) {
        return None;
    }
    let mesh = match subject.meshes() {
        0 => "",
        _ => "; a mesh that is not there yet is installed, with objects for the whole cluster (CRDs, webhooks)",
    };
    Some(PRODUCTION.warns(
        format!(
            "the context `{name}` points at {server}, which may be somebody else's: only namespaces labelled {RUN_LABEL} are \
             touched{mesh}"
        ),
        format!(
            "make sure that it is meant, or name another: `dualproof run --provider existing --context NAME`; these are there: \
             `{by_hand}`"
        ),
    ))
}

fn server(kubeconfig: &Kubeconfig, name: &str) -> Option<String> {
    let context = kubeconfig.contexts.iter().find(|known| known.name == name)?.context.as_ref()?;
    kubeconfig.clusters.iter().find(|known| known.name == context.cluster)?.cluster.as_ref()?.server.clone()
}

/// Tells whether a cluster runs on this machine, by its server or by its name. A name that says `prod` never does: its server
/// may be the end of a tunnel.
fn is_local(name: &str, server: &str) -> bool {
    if name.to_lowercase().contains("prod") {
        return false;
    }
    let uri: Option<Uri> = server.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    let loopback = host == "localhost" || parse_ip(host).is_ok_and(|address| address.is_loopback());
    loopback || LOCAL.iter().any(|local| name.starts_with(local))
}

async fn server_minor(context: &RunContext, existing: &Existing) -> Option<fit::Minor> {
    let client = api::client(&existing.kubeconfig, existing.context.as_deref()).await.ok()?;
    fit::minor(&api::server_version(context, &client).await.ok()?)
}
