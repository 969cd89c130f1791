//! Reading an archive that somebody gives.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::document::{CONTAINERD_NAME, DOCKER_INDEX, Descriptor, INDEX, Index, Manifest, REF_NAME};
use super::{Identity, ImageError, digest};

/// The most that a document may have; registries refuse bigger ones (OCI distribution specification 1.1, "Pushing Manifests").
const DOCUMENT_LIMIT: usize = 4 << 20;

/// How deep indexes may lie in each other. `docker buildx` makes two.
const DEPTH_LIMIT: usize = 4;

/// Reads an archive that is an OCI image layout and holds one image. Every blob is held to its digest; no more than its
/// documents are held in memory.
///
/// # Errors
/// When it cannot be read, is no such archive, holds no or several images, an image without a full name, or blobs that are
/// missing or have another digest than they are named by. Attestations beside the image are no error.
pub fn read(path: &Path) -> Result<Identity, ImageError> {
    let opened = File::open(path).and_then(|file| {
        let folder = file.metadata()?.is_dir();
        if folder { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
    });
    let file = opened.map_err(|source| ImageError::Open { path: path.to_owned(), source })?;
    let wrong = |why: String| ImageError::Archive { path: path.to_owned(), why };
    let files = Files::read(file).map_err(|error| wrong(format!("it is no whole tar archive ({error})")))?;
    files.identity().map_err(wrong)
}

/// What an archive holds, by path: the digest of each file, and the bytes of those that may be documents.
struct Files(BTreeMap<String, (String, Option<Vec<u8>>)>);

impl Files {
    fn read(file: File) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        for entry in tar::Archive::new(file).entries()? {
            let entry = entry?;
            if entry.header().entry_type().is_file() {
                let path = String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned();
                files.insert(path, digest::of_stream(entry, DOCUMENT_LIMIT)?);
            }
        }
        Ok(Self(files))
    }

    fn identity(&self) -> Result<Identity, String> {
        for (path, (digest, _)) in &self.0 {
            if let Some(named) = path.strip_prefix("blobs/sha256/")
                && digest::digits(digest) != Some(named)
            {
                return Err(format!("{path} has the digest {digest}: the file is damaged"));
            }
        }
        let index: Index = self.document("index.json")?;
        let mut images = Vec::new();
        self.images(&index, &[], &BTreeMap::new(), &mut images)?;
        let [image] = images.as_slice() else {
            return Err(format!("it holds {} images, and one is expected", images.len()));
        };
        let manifest: Manifest = self.blob(&image.descriptor)?;
        for part in manifest.layers.iter().chain([&manifest.config]) {
            if !self.0.contains_key(&path_of(part)?) {
                return Err(format!("the blob {} is not in it", part.digest));
            }
        }
        let name = |key| image.annotations.get(key).filter(|name| name.contains('/'));
        let reference = name(CONTAINERD_NAME)
            .or_else(|| name(REF_NAME))
            .ok_or_else(|| format!("its image has no full name ({CONTAINERD_NAME} or {REF_NAME} in index.json)"))?;
        Ok(Identity {
            reference: reference.clone(),
            config: Some(manifest.config.digest),
            manifests: [std::slice::from_ref(&image.descriptor.digest), &image.above].concat(),
        })
    }

    /// Lists the images of an index and of the indexes in it.
    fn images(
        &self,
        index: &Index,
        above: &[String],
        annotations: &BTreeMap<String, String>,
        images: &mut Vec<Found>,
    ) -> Result<(), String> {
        for descriptor in &index.manifests {
            // The outermost name counts: inner descriptors of a named index have none.
            let mut own = descriptor.annotations.clone();
            own.extend(annotations.clone());
            if !matches!(descriptor.media_type.as_str(), INDEX | DOCKER_INDEX) {
                if !is_attestation(descriptor) {
                    images.push(Found { descriptor: descriptor.clone(), above: above.to_vec(), annotations: own });
                }
                continue;
            }
            if above.len() >= DEPTH_LIMIT {
                return Err("its indexes lie too deep in each other".to_owned());
            }
            let deeper = [above, std::slice::from_ref(&descriptor.digest)].concat();
            self.images(&self.blob(descriptor)?, &deeper, &own, images)?;
        }
        Ok(())
    }

    fn blob<T: DeserializeOwned>(&self, descriptor: &Descriptor) -> Result<T, String> {
        self.document(&path_of(descriptor)?)
    }

    fn document<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        match self.0.get(path) {
            None => Err(format!("{path} is not in it")),
            Some((_, None)) => Err(format!("{path} is bigger than {DOCUMENT_LIMIT} bytes")),
            Some((_, Some(bytes))) => serde_json::from_slice(bytes).map_err(|error| format!("{path}: {error}")),
        }
    }
}

/// An image, the indexes that it lies in, and what they all say of it.
struct Found {
    descriptor: Descriptor,
    above: Vec<String>,
    annotations: BTreeMap<String, String>,
}

/// Provenance that buildkit puts beside an image, in the form of one for no platform
/// (moby/buildkit:docs/attestations/attestation-storage.md).
fn is_attestation(descriptor: &Descriptor) -> bool {
    descriptor.annotations.contains_key("vnd.docker.reference.type")
        || descriptor.platform.as_ref().is_some_and(|platform| platform.os == "unknown")
}

fn path_of(descriptor: &Descriptor) -> Result<String, String> {
    let digits = digest::digits(&descriptor.digest)
        .ok_or_else(|| format!("`{}` is no digest that is known here (sha256:…)", descriptor.digest))?;
    Ok(format!("blobs/sha256/{digits}"))
}
