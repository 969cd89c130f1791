//! From a binary to an archive.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use dualproof_agent_image::{BINARY, architecture};
use serde::Serialize;

use super::document::{
    CONFIG, CONTAINERD_NAME, Config, Descriptor, DockerImage, Execution, History, INDEX, Index, LAYER, Layout,
    MANIFEST, Manifest, Platform, REF_NAME, Rootfs,
};
use super::{Identity, ImageError, digest};

/// The only file of the image, and its entry point.
pub const ENTRYPOINT: &str = "/agent";

/// Where the image is said to come from. Nobody can pull from it: the name belongs to nobody's registry.
const REPOSITORY: &str = "dualproof.dev/agent";

/// Neither root, which policies forbid, nor 1337, whose connections Istio does not redirect. The number is that of
/// distroless' `nonroot`; a number, because the kubelet cannot tell whether a name is root (`runAsNonRoot`).
const USER: &str = "65532:65532";

/// The time of everything: an image that knew when it was made would have another digest each time.
const EPOCH: &str = "1970-01-01T00:00:00Z";

/// An image of one static binary, as an archive in memory.
///
/// The archive is an uncompressed tar that is an OCI image layout and what `docker save` writes at once: containerd (`kind load
/// image-archive`, `ctr images import`), podman and skopeo read `index.json`, older dockers read `manifest.json`.
/// Its bytes depend on the binary alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    identity: Identity,
    archive: Vec<u8>,
}

impl Image {
    /// Makes the image of the agent that this program was built with.
    ///
    /// # Errors
    /// As [`Self::assemble`].
    pub fn built_in() -> Result<Self, ImageError> {
        Self::assemble(BINARY)
    }

    /// Makes an image of a static Linux binary.
    ///
    /// # Errors
    /// [`ImageError::Binary`]: it would not run with nothing beside it.
    pub fn assemble(binary: &[u8]) -> Result<Self, ImageError> {
        let architecture = architecture(binary).map_err(ImageError::Binary)?;
        let binary_digest = digest::of(binary);
        let tag: String = digest::digits(&binary_digest).unwrap_or_default().chars().take(12).collect();
        let reference = format!("{REPOSITORY}:{tag}");

        let layer = Blob::new(LAYER, layer(binary)?);
        let config = Blob::json(CONFIG, &config(architecture, &binary_digest, &layer.digest))?;
        let manifest = Manifest {
            schema_version: 2,
            media_type: MANIFEST.to_owned(),
            config: config.descriptor(),
            layers: vec![layer.descriptor()],
        };
        let manifest = Blob::json(MANIFEST, &manifest)?;
        let named = Descriptor {
            platform: Some(Platform { architecture: architecture.to_owned(), os: "linux".to_owned() }),
            annotations: [CONTAINERD_NAME, REF_NAME].map(|key| (key.to_owned(), reference.clone())).into(),
            ..manifest.descriptor()
        };
        let index = Index { schema_version: 2, media_type: INDEX.to_owned(), manifests: vec![named] };
        let docker = DockerImage { config: &config.path(), repo_tags: [&reference], layers: [&layer.path()] };
        let mut files = BTreeMap::from([
            ("index.json".to_owned(), json(&index)?),
            ("manifest.json".to_owned(), json(&[docker])?),
            ("oci-layout".to_owned(), json(&Layout { image_layout_version: "1.0.0" })?),
        ]);
        let identity =
            Identity { reference, config: Some(config.digest.clone()), manifests: vec![manifest.digest.clone()] };
        files.extend([layer, config, manifest].map(|blob| (blob.path(), blob.bytes)));
        Ok(Self { identity, archive: archive(&files).map_err(ImageError::Assemble)? })
    }

    /// Tells by which name and digests the image is known.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the archive's bytes.
    #[must_use]
    pub fn archive(&self) -> &[u8] {
        &self.archive
    }

    /// Writes the archive into a file, whole or not at all. With `replace` a file that is there is replaced.
    ///
    /// # Errors
    /// [`ImageError::Exists`] without `replace`, [`ImageError::NotAFile`] for a folder or a device, and [`ImageError::Write`].
    pub fn write(&self, path: &Path, replace: bool) -> Result<(), ImageError> {
        let failed = |source| ImageError::Write { path: path.to_owned(), source };
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(ImageError::NotAFile { path: path.to_owned() });
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // It is for others to read; tempfile's own default is private.
        let readable = std::fs::Permissions::from_mode(0o644);
        let draft = tempfile::Builder::new().prefix(".image-").permissions(readable).tempfile_in(folder);
        let mut draft = draft.map_err(failed)?;
        draft.write_all(&self.archive).map_err(failed)?;
        let persisted = if replace { draft.persist(path) } else { draft.persist_noclobber(path) };
        match persisted {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(ImageError::Exists { path: path.to_owned() })
            }
            Err(error) => Err(failed(error.error)),
        }
    }
}

/// Bytes that are known by their digest.
struct Blob {
    media_type: &'static str,
    digest: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { media_type, digest: digest::of(&bytes), bytes }
    }

    fn json(media_type: &'static str, document: &impl Serialize) -> Result<Self, ImageError> {
        Ok(Self::new(media_type, json(document)?))
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.to_owned(),
            digest: self.digest.clone(),
            size: self.bytes.len() as u64,
            platform: None,
            annotations: BTreeMap::new(),
        }
    }

    fn path(&self) -> String {
        format!("blobs/sha256/{}", digest::digits(&self.digest).unwrap_or_default())
    }
}

fn config<'a>(architecture: &'a str, binary: &'a str, layer: &str) -> Config<'a> {
    let labels = [
        ("dev.dualproof.agent.binary", binary),
        ("org.opencontainers.image.licenses", env!("CARGO_PKG_LICENSE")),
        ("org.opencontainers.image.source", env!("CARGO_PKG_REPOSITORY")),
        ("org.opencontainers.image.title", "dualproof agent"),
    ];
    Config {
        created: EPOCH,
        architecture,
        os: "linux",
        config: Execution { user: USER, entrypoint: [ENTRYPOINT], working_dir: "/", labels: labels.into() },
        rootfs: Rootfs { kind: "layers", diff_ids: [layer.to_owned()] },
        history: [History { created: EPOCH, created_by: "dualproof" }],
    }
}

fn layer(binary: &[u8]) -> Result<Vec<u8>, ImageError> {
    let mut tar = tar::Builder::new(Vec::new());
    let packed = append(&mut tar, ENTRYPOINT.trim_start_matches('/'), 0o755, binary).and_then(|()| tar.into_inner());
    packed.map_err(ImageError::Assemble)
}

fn archive(files: &BTreeMap<String, Vec<u8>>) -> io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for folder in ["blobs/", "blobs/sha256/"] {
        let mut header = header(0o755, 0);
        header.set_entry_type(tar::EntryType::Directory);
        tar.append_data(&mut header, folder, io::empty())?;
    }
    for (path, bytes) in files {
        append(&mut tar, path, 0o644, bytes)?;
    }
    tar.into_inner()
}

fn append(tar: &mut tar::Builder<Vec<u8>>, path: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    tar.append_data(&mut header(mode, bytes.len() as u64), path, bytes)
}

/// Root's, and of no time: nothing of the machine that it is made on.
fn header(mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header
}

fn json(document: &impl Serialize) -> Result<Vec<u8>, ImageError> {
    serde_json::to_vec(document).map_err(|error| ImageError::Assemble(error.into()))
}
