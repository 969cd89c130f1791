//! The JSON documents of an image.
//!
//! The fields are those of the OCI image specification 1.1 (descriptor.md, image-index.md, manifest.md, config.md,
//! image-layout.md), and of `docker save` (moby/docker-image-spec, spec v1.2: `manifest.json`). Their order here is their
//! order in the bytes, so it is part of every digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(super) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// Docker's own name of an index of several platforms.
pub(super) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The full name of an image, for containerd (containerd/containerd:core/images/annotations.go).
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";
/// The name of an image inside a layout (OCI annotations.md).
pub(super) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Points to a document or a layer.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) annotations: BTreeMap<String, String>,
}

/// What an image runs on.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Platform {
    pub(super) architecture: String,
    pub(super) os: String,
}

/// `index.json`, or an index below it.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    pub(super) schema_version: u8,
    #[serde(default)]
    pub(super) media_type: String,
    pub(super) manifests: Vec<Descriptor>,
}

/// One image: its configuration and layers.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) schema_version: u8,
    #[serde(default)]
    pub(super) media_type: String,
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
}

/// The configuration; its digest is the image's id.
#[derive(Serialize)]
pub(super) struct Config<'a> {
    pub(super) created: &'a str,
    pub(super) architecture: &'a str,
    pub(super) os: &'a str,
    pub(super) config: Execution<'a>,
    pub(super) rootfs: Rootfs,
    pub(super) history: [History<'a>; 1],
}

/// How the image is run.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Execution<'a> {
    pub(super) user: &'a str,
    pub(super) entrypoint: [&'a str; 1],
    pub(super) working_dir: &'a str,
    pub(super) labels: BTreeMap<&'a str, &'a str>,
}

/// The digests of the layers, uncompressed.
#[derive(Serialize)]
pub(super) struct Rootfs {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) diff_ids: [String; 1],
}

/// Where a layer comes from.
#[derive(Serialize)]
pub(super) struct History<'a> {
    pub(super) created: &'a str,
    pub(super) created_by: &'a str,
}

/// `oci-layout`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layout {
    pub(super) image_layout_version: &'static str,
}

/// An entry of docker's `manifest.json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DockerImage<'a> {
    pub(super) config: &'a str,
    pub(super) repo_tags: [&'a str; 1],
    pub(super) layers: [&'a str; 1],
}
