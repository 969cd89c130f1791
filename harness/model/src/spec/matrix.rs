//! The `matrix` of a scenario: who calls whom, as it is written.

use std::collections::{BTreeMap, BTreeSet};

use dualproof_wire::{Bind, Protocol};
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{Client, ClientKind, Mtls, Outbound, PortKind, ServerKind, SpecError, TargetKind};

/// Clients and targets. Every client calls every target, by every kind of address, over each family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// Who calls; at least one.
    pub clients: Vec<MatrixClient>,
    /// Who is called; at least one.
    pub targets: Vec<MatrixTarget>,
}

impl Matrix {
    /// Tells what the namespace of a target demands; PERMISSIVE for a Service that is no target.
    #[must_use]
    pub fn mtls(&self, namespace: &str, service: &str) -> Mtls {
        let mut own = self.targets.iter().filter(|target| target.namespace == namespace && target.service == service);
        own.next().map(|target| target.mtls).unwrap_or_default()
    }

    /// Tells what the namespace of a client allows; ALLOW_ANY for a name that is no client's.
    #[must_use]
    pub fn outbound(&self, client: &str) -> Outbound {
        let mut own = self.clients.iter().filter(|known| known.name == client);
        own.next().map(|client| client.outbound).unwrap_or_default()
    }
}

/// A client of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixClient {
    /// Its name in ids.
    pub name: String,
    /// What it is.
    pub kind: ClientKind,
    /// Where it runs; `None` for [`ClientKind::Outside`] alone.
    pub workload: Option<Client>,
    /// What its namespace's `Sidecar` says of unknown destinations.
    pub outbound: Outbound,
}

/// A target of the matrix: a Service and the server behind it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixTarget {
    /// The namespace to make.
    pub namespace: String,
    /// The manifest to apply there, from the project's root. Several targets may share it.
    pub manifest: String,
    /// The Service in it.
    pub service: String,
    /// What the Service must be.
    pub kind: TargetKind,
    /// What the pods behind it must be.
    pub server: ServerKind,
    /// What the namespace's `PeerAuthentication` demands; all targets of a namespace say the same.
    #[serde(default)]
    pub mtls: Mtls,
    /// The ports to dial; at least one.
    pub ports: Vec<MatrixPort>,
}

/// A port of a target. The Service's port and the server's are the same number.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatrixPort {
    /// Its number.
    pub number: u16,
    /// Whether the Service names it.
    pub kind: PortKind,
    /// What the server speaks there.
    pub protocol: Protocol,
    /// What the server's socket is bound to. A literal address can only be loopback: a pod's own is not known before it runs.
    pub bind: Bind,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    clients: Spanned<Vec<Spanned<WrittenClient>>>,
    targets: Spanned<Vec<Spanned<MatrixTarget>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenClient {
    name: String,
    kind: ClientKind,
    namespace: Option<String>,
    manifest: Option<String>,
    app: Option<String>,
    container: Option<String>,
    #[serde(default)]
    outbound: Outbound,
}

/// Holds a matrix to its rules.
///
/// # Errors
/// With the place: an empty list; a name, a `(namespace, service)` or a port given twice; a client inside the cluster without
/// its pods, one outside with them; one without a sidecar that should refuse unknown destinations; a namespace that is meshed and naked at once, or STRICT and not; a port 0; a socket bound
/// to a literal address other than loopback.
pub(super) fn check(file: &str, written: Written) -> Result<Matrix, SpecError> {
    let Written { clients, targets } = written;
    if clients.value.is_empty() {
        return Err(SpecError::at(file, &clients, "no client: a matrix in which nobody calls proves nothing"));
    }
    if targets.value.is_empty() {
        return Err(SpecError::at(file, &targets, "no target: a matrix in which nobody is called proves nothing"));
    }
    let mut namespaces = Namespaces::default();
    let mut read = Matrix { clients: Vec::new(), targets: Vec::new() };
    let mut names = BTreeSet::new();
    for client in clients.value {
        let made = self::client(file, &client)?;
        if !names.insert(made.name.clone()) {
            return Err(SpecError::at(file, &client, format!("client `{}` is listed twice", made.name)));
        }
        if let Some(workload) = &made.workload {
            namespaces.take(file, &client, &workload.namespace, made.kind == ClientKind::Meshed)?;
        }
        read.clients.push(made);
    }
    let mut services = BTreeSet::new();
    for target in targets.value {
        let MatrixTarget { namespace, service, server, mtls, .. } = &target.value;
        if !services.insert((namespace.clone(), service.clone())) {
            return Err(SpecError::at(file, &target, format!("target {namespace}/{service} is listed twice")));
        }
        namespaces.take(file, &target, namespace, *server == ServerKind::Meshed)?;
        namespaces.demand(file, &target, namespace, *mtls)?;
        if (*server, *mtls) == (ServerKind::Naked, Mtls::Strict) {
            return Err(SpecError::at(file, &target, "a naked server has no proxy that could demand mTLS"));
        }
        ports(file, &target)?;
        read.targets.push(target.value);
    }
    Ok(read)
}

fn client(file: &str, written: &Spanned<WrittenClient>) -> Result<MatrixClient, SpecError> {
    let WrittenClient { name, kind, namespace, manifest, app, container, outbound } = &written.value;
    if name.is_empty() || name.contains(|letter: char| letter == '/' || letter.is_whitespace()) {
        return Err(SpecError::at(
            file,
            written,
            "a client's name is part of ids: it needs letters, no `/` and no space",
        ));
    }
    if *kind != ClientKind::Meshed && *outbound == Outbound::RegistryOnly {
        let what = "outbound: a client without a sidecar has nobody who could refuse unknown destinations";
        return Err(SpecError::at(file, written, what));
    }
    let workload = match (kind, namespace, manifest, app, container) {
        (ClientKind::Outside, None, None, None, None) => None,
        (ClientKind::Outside, ..) => {
            let what = "a client outside the cluster has no namespace, manifest, app or container";
            return Err(SpecError::at(file, written, what));
        }
        (ClientKind::Meshed | ClientKind::Naked, Some(namespace), Some(manifest), Some(app), Some(container)) => {
            let [namespace, manifest, app, container] = [namespace, manifest, app, container].map(Clone::clone);
            Some(Client { namespace, manifest, app, container })
        }
        (ClientKind::Meshed | ClientKind::Naked, ..) => {
            let what = "a client in the cluster needs a namespace, a manifest, an app and a container";
            return Err(SpecError::at(file, written, what));
        }
    };
    Ok(MatrixClient { name: name.clone(), kind: *kind, workload, outbound: *outbound })
}

fn ports(file: &str, target: &Spanned<MatrixTarget>) -> Result<(), SpecError> {
    let MatrixTarget { namespace, service, ports, .. } = &target.value;
    let refused = |what: String| Err(SpecError::at(file, target, format!("target {namespace}/{service}: {what}")));
    if ports.is_empty() {
        return refused("it has no port, so nobody can call it".to_owned());
    }
    let mut seen = BTreeSet::new();
    for MatrixPort { number, protocol, bind, .. } in ports {
        if *number == 0 {
            return refused("port 0 cannot be dialled".to_owned());
        }
        if !seen.insert((number, protocol)) {
            return refused(format!("port {number} is listed twice for one protocol"));
        }
        if let Bind::Address(address) = bind
            && !address.is_loopback()
        {
            return refused(format!("bind {address}: a pod's own address is not known before it runs"));
        }
    }
    Ok(())
}

/// What is said of namespaces.
#[derive(Default)]
struct Namespaces {
    meshed: BTreeMap<String, bool>,
    mtls: BTreeMap<String, Mtls>,
}

impl Namespaces {
    fn take<T>(&mut self, file: &str, at: &Spanned<T>, namespace: &str, meshed: bool) -> Result<(), SpecError> {
        if *self.meshed.entry(namespace.to_owned()).or_insert(meshed) == meshed {
            return Ok(());
        }
        let what = format!("namespace {namespace} cannot be both meshed and naked: sidecars are injected by namespace");
        Err(SpecError::at(file, at, what))
    }

    fn demand<T>(&mut self, file: &str, at: &Spanned<T>, namespace: &str, mtls: Mtls) -> Result<(), SpecError> {
        if *self.mtls.entry(namespace.to_owned()).or_insert(mtls) == mtls {
            return Ok(());
        }
        let what = format!("namespace {namespace} cannot be both strict and permissive: mtls is said of namespaces");
        Err(SpecError::at(file, at, what))
    }
}
