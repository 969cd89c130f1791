//! The files of a bundle into evidence.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dualproof_model::evidence::{Evidence, Manifest, Missing, PodRef, Proxy};
use dualproof_model::plan::MeshKind;

use super::{check, layout, lines};
use crate::{DumpError, envoy, istio, json, kubernetes};

/// Larger than the dump of any proxy that still works.
const DUMP_LIMIT: u64 = 2 << 30;
/// All inputs together; they stay in memory.
const INPUTS_LIMIT: u64 = 64 << 20;

/// Reads every file once, in the order of the manifest.
pub(super) fn evidence(dir: &Path, manifest: Manifest) -> Result<(Evidence, BTreeMap<String, Vec<u8>>), DumpError> {
    let mut evidence = Evidence::default();
    let mut inputs = BTreeMap::new();
    let mut inputs_left = INPUTS_LIMIT;
    let mut proxies: BTreeMap<PodRef, Proxy> = BTreeMap::new();
    for (path, digest) in &manifest.files {
        let read = || check::read(dir, path, digest, DUMP_LIMIT);
        match part(path) {
            Part::Input => {
                let bytes = check::read(dir, path, digest, inputs_left)?;
                inputs_left = inputs_left.saturating_sub(bytes.len().try_into().unwrap_or(u64::MAX));
                inputs.insert(path.clone(), bytes);
            }
            Part::Proxy { pod, file } => {
                let place = layout::proxy(&pod);
                let proxy = proxies.entry(pod.clone()).or_insert_with(|| Proxy { pod, place, ..Proxy::default() });
                add_to_proxy(proxy, file, &read()?, path)?;
            }
            Part::Other => {
                if !add(&mut evidence, path, read)? {
                    check::verify(dir, path, digest)?;
                }
            }
        }
    }
    for (pod, proxy) in &mut proxies {
        // Read a second time after it was verified: it is small, and the proxies come after the logs in the manifest.
        let path = layout::log(pod, layout::REDIRECT_CONTAINER);
        if let Some(digest) = manifest.files.get(&path) {
            proxy.redirect = istio::redirect_log(&check::read(dir, &path, digest, DUMP_LIMIT)?, &path);
        }
    }
    evidence.manifest = manifest;
    evidence.proxies = proxies.into_values().collect();
    note_missing(&mut evidence);
    Ok((evidence, inputs))
}

enum Part<'a> {
    Input,
    Proxy { pod: PodRef, file: &'a str },
    Other,
}

fn part(path: &str) -> Part<'_> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [layout::INPUTS, ..] => Part::Input,
        [layout::PROXIES, namespace, name, file] if layout::PROXY_FILES.contains(file) => {
            Part::Proxy { pod: PodRef { namespace: (*namespace).to_owned(), name: (*name).to_owned() }, file }
        }
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
        layout::SERVER_INFO => proxy.info = envoy::server_info(bytes, place)?,
        _ => proxy.stats = envoy::stats(bytes, place)?,
    }
    Ok(())
}

/// Parses any other file into the evidence; `false` for one that no check reads.
fn add(evidence: &mut Evidence, path: &str, read: impl Fn() -> Result<Vec<u8>, DumpError>) -> Result<bool, DumpError> {
    match path {
        layout::NODES => evidence.objects.nodes = kubernetes::nodes(&read()?, path)?,
        layout::NAMESPACES => evidence.objects.namespaces = kubernetes::namespaces(&read()?, path)?,
        layout::SERVICES => evidence.objects.services = kubernetes::services(&read()?, path)?,
        layout::ENDPOINT_SLICES => evidence.objects.endpoint_slices = kubernetes::endpoint_slices(&read()?, path)?,
        layout::PODS => evidence.objects.pods = kubernetes::pods(&read()?, path)?,
        layout::SYNCZ => evidence.sync = Some(istio::syncz(&read()?, path)?),
        layout::CALLS => evidence.calls = lines::read(&read()?, path, "one call a line")?,
        layout::DNS => evidence.dns = lines::read(&read()?, path, "one name look-up a line")?,
        layout::TIMINGS => evidence.timings = json::object(&read()?, path, "the timings of a run")?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// Adds to `missing` what a check could ask for and neither the files nor the manifest have. `calls.jsonl`, `dns.jsonl` and `timings.json` are not
/// asked for: where there is none, no call was made.
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
