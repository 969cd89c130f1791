//! The files of a bundle into evidence.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dualproof_model::evidence::{Evidence, Manifest, Missing, Netns, PodRef, Protocol, Proxy};
use dualproof_model::family::IpFamily;
use dualproof_model::plan::MeshKind;

use super::{access_log, check, layout, lines};
use crate::{DumpError, envoy, istio, json, kubernetes, netns};

/// Larger than the dump of any proxy that still works.
const DUMP_LIMIT: u64 = 2 << 30;
/// All inputs together; they stay in memory.
const INPUTS_LIMIT: u64 = 64 << 20;

/// What the files of a bundle hold.
#[derive(Default)]
struct Content {
    evidence: Evidence,
    inputs: BTreeMap<String, Vec<u8>>,
    inputs_read: u64,
    proxies: BTreeMap<PodRef, Proxy>,
    netns: BTreeMap<PodRef, Netns>,
}

/// Reads every file once, in the order of the manifest. In the bundle of a run that did not end well, a file that is not as
/// listed is missing; in any other it is an error.
pub(super) fn evidence(dir: &Path, mut manifest: Manifest) -> Result<(Evidence, BTreeMap<String, Vec<u8>>), DumpError> {
    let is_whole = manifest.failure.is_none();
    let mut content = Content::default();
    let mut changed = Vec::new();
    for (path, digest) in &manifest.files {
        let is_older = is_whole && manifest.missing.iter().any(|missing| missing.what == *path);
        let taken = if is_older { check::verify(dir, path, digest) } else { content.take(dir, path, digest) };
        match taken {
            Err(DumpError::Digest { .. }) if !is_whole => changed.push(path.clone()),
            taken => taken?,
        }
    }
    for (pod, proxy) in &mut content.proxies {
        // Read a second time after it was verified: it is small, and the proxies come after the logs in the manifest.
        let path = layout::log(pod, layout::REDIRECT_CONTAINER);
        if let Some(digest) = manifest.files.get(&path)
            && !changed.contains(&path)
        {
            let log = check::read(dir, &path, digest, DUMP_LIMIT)?;
            proxy.redirect = istio::redirect_log(&log, &path);
            let seen = content.netns.entry(pod.clone()).or_default();
            if seen.rules.v4.is_none() && seen.rules.v6.is_none() {
                *seen = netns::init_log(&log, pod, &path).unwrap_or_else(|| std::mem::take(seen));
            }
        }
    }
    for what in changed {
        let why = "it was changed after the last manifest was written, so nothing vouches for it".to_owned();
        manifest.missing.push(Missing { what, why });
    }
    content.netns.retain(|_, netns| !netns.place.is_empty());
    let Content { mut evidence, inputs, proxies, netns, .. } = content;
    manifest.missing.append(&mut evidence.manifest.missing);
    evidence.manifest = manifest;
    evidence.proxies = proxies.into_values().collect();
    evidence.netns = netns.into_values().collect();
    note_missing(&mut evidence);
    Ok((evidence, inputs))
}

impl Content {
    /// Reads one file, holds it to its digest and parses it.
    fn take(&mut self, dir: &Path, path: &str, digest: &str) -> Result<(), DumpError> {
        let read = || check::read(dir, path, digest, DUMP_LIMIT);
        match part(path) {
            Part::Input => {
                let bytes = check::read(dir, path, digest, INPUTS_LIMIT.saturating_sub(self.inputs_read))?;
                self.inputs_read += bytes.len() as u64;
                self.inputs.insert(path.to_owned(), bytes);
            }
            Part::Proxy { pod, file } => {
                let bytes = read()?;
                let place = layout::proxy(&pod);
                let proxy = self.proxies.entry(pod.clone()).or_insert_with(|| Proxy { pod, place, ..Proxy::default() });
                add_to_proxy(proxy, file, &bytes, path)?;
            }
            Part::Netns { pod, file } => {
                let bytes = read()?;
                let place = layout::netns(&pod);
                let netns = self.netns.entry(pod.clone()).or_insert_with(|| Netns { pod, place, ..Netns::default() });
                add_to_netns(netns, file, &bytes, path)?;
            }
            Part::AccessLog(pod) => {
                let access_log::Read { lines, missing } = access_log::read(&read()?, &pod, path);
                self.evidence.access_log.extend(lines);
                self.evidence.manifest.missing.extend(missing);
            }
            Part::Other => {
                if !add(&mut self.evidence, path, || read().map(Cow::Owned))? {
                    check::verify(dir, path, digest)?;
                }
            }
        }
        Ok(())
    }
}

/// Parses a file as [`evidence`] will, and forgets it; what no check reads is not looked at.
pub(super) fn parse(path: &str, bytes: &[u8]) -> Result<(), DumpError> {
    match part(path) {
        Part::Proxy { file, .. } => add_to_proxy(&mut Proxy::default(), file, bytes, path),
        Part::Netns { file, .. } => add_to_netns(&mut Netns::default(), file, bytes, path),
        // Whatever the proxy wrote into its log is a log.
        Part::Input | Part::AccessLog(_) => Ok(()),
        Part::Other => add(&mut Evidence::default(), path, || Ok(Cow::Borrowed(bytes))).map(drop),
    }
}

enum Part<'a> {
    Input,
    Proxy { pod: PodRef, file: &'a str },
    Netns { pod: PodRef, file: &'a str },
    AccessLog(PodRef),
    Other,
}

fn part(path: &str) -> Part<'_> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [layout::INPUTS, ..] => Part::Input,
        [layout::PROXIES, namespace, name, file]
            if layout::PROXY_FILES.contains(file) || *file == layout::CLUSTERS_BEFORE =>
        {
            Part::Proxy { pod: PodRef { namespace: (*namespace).to_owned(), name: (*name).to_owned() }, file }
        }
        [layout::NETNS, namespace, name, file] if layout::NETNS_FILES.contains(file) => {
            Part::Netns { pod: PodRef { namespace: (*namespace).to_owned(), name: (*name).to_owned() }, file }
        }
        [layout::ACCESS, namespace, file] => match file.strip_suffix(".log") {
            Some(name) => Part::AccessLog(PodRef { namespace: (*namespace).to_owned(), name: name.to_owned() }),
            None => Part::Other,
        },
        _ => Part::Other,
    }
}

/// Parses a file of a proxy's folder into the proxy.
fn add_to_proxy(proxy: &mut Proxy, file: &str, bytes: &[u8], place: &str) -> Result<(), DumpError> {
    match file {
        layout::CONFIG_DUMP => {
            let dump = envoy::config_dump(bytes, place)?;
            proxy.listeners = dump.listeners;
            proxy.clusters = dump.clusters;
            proxy.endpoints = dump.endpoints;
            proxy.rejections = dump.rejections;
        }
        layout::LISTENERS => proxy.listener_statuses = envoy::listeners(bytes, place)?,
        layout::CLUSTERS => proxy.hosts = envoy::clusters(bytes, place)?,
        layout::CLUSTERS_BEFORE => proxy.hosts_before = Some(envoy::clusters(bytes, place)?),
        layout::SERVER_INFO => proxy.info = envoy::server_info(bytes, place)?,
        _ => proxy.stats = envoy::stats(bytes, place)?,
    }
    Ok(())
}

/// Parses a file of a namespace's folder into the namespace.
fn add_to_netns(netns: &mut Netns, file: &str, bytes: &[u8], place: &str) -> Result<(), DumpError> {
    use {IpFamily::IPv4, IpFamily::IPv6, Protocol::Tcp, Protocol::Udp};
    let sockets = |family, protocol| netns::sockets(bytes, family, protocol, place);
    match file {
        layout::IPTABLES => netns.rules.v4 = Some(netns::rules(bytes, IPv4, place)?),
        layout::IP6TABLES => netns.rules.v6 = Some(netns::rules(bytes, IPv6, place)?),
        layout::NFT => netns.native_tables = netns::native_tables(bytes, place)?,
        layout::ADDRESSES => netns.interfaces = Some(netns::addresses(bytes, place)?),
        layout::ROUTES => netns.routes.v4 = Some(netns::routes(bytes, place)?),
        layout::ROUTES6 => netns.routes.v6 = Some(netns::routes(bytes, place)?),
        layout::TCP => netns.sockets.v4.get_or_insert_default().extend(sockets(IPv4, Tcp)?),
        layout::TCP6 => netns.sockets.v6.get_or_insert_default().extend(sockets(IPv6, Tcp)?),
        layout::UDP => netns.sockets.v4.get_or_insert_default().extend(sockets(IPv4, Udp)?),
        _ => netns.sockets.v6.get_or_insert_default().extend(sockets(IPv6, Udp)?),
    }
    Ok(())
}

/// Parses any other file into the evidence; `false` for one that no check reads.
fn add<'a>(
    evidence: &mut Evidence,
    path: &str,
    read: impl Fn() -> Result<Cow<'a, [u8]>, DumpError>,
) -> Result<bool, DumpError> {
    match path {
        layout::NODES => evidence.objects.nodes = kubernetes::nodes(&read()?, path)?,
        layout::NAMESPACES => evidence.objects.namespaces = kubernetes::namespaces(&read()?, path)?,
        layout::SERVICES => evidence.objects.services = kubernetes::services(&read()?, path)?,
        layout::ENDPOINT_SLICES => evidence.objects.endpoint_slices = kubernetes::endpoint_slices(&read()?, path)?,
        layout::PODS => evidence.objects.pods = kubernetes::pods(&read()?, path)?,
        layout::SYNCZ => evidence.sync = Some(istio::syncz(&read()?, path)?),
        layout::CALLS => evidence.calls = lines::read(&read()?, path, "one call a line")?,
        layout::TESTIMONY => evidence.testimonies = lines::read(&read()?, path, "one call of a matrix a line")?,
        layout::DNS => evidence.dns = lines::read(&read()?, path, "one name look-up a line")?,
        layout::TIMINGS => evidence.timings = json::object(&read()?, path, "the timings of a run")?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Adds to `missing` what a check could ask for and neither the files nor the manifest have. `calls.jsonl`, `testimony.jsonl`, `dns.jsonl`, `timings.json`
/// and access logs are not asked for: where there is none, no call was made.
fn note_missing(evidence: &mut Evidence) {
    let mut wanted: BTreeSet<String> =
        [layout::NODES, layout::NAMESPACES, layout::SERVICES, layout::ENDPOINT_SLICES, layout::PODS]
            .map(str::to_owned)
            .into();
    if evidence.manifest.cell.mesh != MeshKind::None {
        wanted.insert(layout::SYNCZ.to_owned());
    }
    for proxy in &evidence.proxies {
        wanted.extend(layout::PROXY_FILES.map(|file| layout::proxy_file(&proxy.pod, file)));
    }
    let manifest = &mut evidence.manifest;
    let why = match &manifest.failure {
        Some(failure) => format!("stage {} ended the run before it was collected", failure.stage),
        None => "it is not in the bundle, and the manifest does not say why".to_owned(),
    };
    for what in wanted {
        let known = manifest.files.contains_key(&what) || manifest.missing.iter().any(|missing| missing.what == what);
        if !known {
            manifest.missing.push(Missing { what, why: why.clone() });
        }
    }
}
