//! Holding a folder to its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use dualproof_model::evidence::BUNDLE_SCHEMA;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::layout;
use crate::DumpError;

/// More than any manifest has: some 100,000 files. YAML takes a multiple of its size in memory.
const MANIFEST_LIMIT: u64 = 16 << 20;

/// Spells a digest.
pub(super) fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The part of a manifest that says what the rest means.
#[derive(Deserialize)]
struct Head {
    schema: Option<String>,
}

/// Reads the text of `bundle.yaml`, whose schema is the one we know.
pub(super) fn manifest_text(dir: &Path) -> Result<String, DumpError> {
    let path = dir.join(layout::MANIFEST);
    let place = path.display().to_string();
    let found = match fs::symlink_metadata(&path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(DumpError::NoManifest { place }),
        Err(source) => return Err(DumpError::Io { place, doing: "read", source }),
    };
    plain(&found, &place)?;
    if found.len() > MANIFEST_LIMIT {
        return Err(DumpError::TooLarge { place, size: found.len(), limit: MANIFEST_LIMIT });
    }
    let text =
        fs::read_to_string(&path).map_err(|source| DumpError::Io { place: place.clone(), doing: "read", source })?;
    let head: Head =
        serde_yaml::from_str(&text).map_err(|source| DumpError::Manifest { place: place.clone(), source })?;
    match head.schema {
        Some(schema) if schema != BUNDLE_SCHEMA => Err(DumpError::Schema { place, found: schema }),
        _ => Ok(text),
    }
}

/// Tells whether a folder holds a bundle that a version of this program wrote.
pub(super) fn is_ours(dir: &Path) -> bool {
    let family = BUNDLE_SCHEMA.rsplit_once('/').map_or(BUNDLE_SCHEMA, |(family, _)| family);
    match manifest_text(dir) {
        Ok(_) => true,
        Err(DumpError::Schema { found, .. }) => found.rsplit_once('/').is_some_and(|(other, _)| other == family),
        Err(_) => false,
    }
}

/// Walks the folder and returns the files that are not listed, sorted. Every listed file must be there; nothing may be a link. Names
/// with a leading dot are skipped, whatever they are: editors and file systems leave such files, and they are never read.
pub(super) fn inventory(dir: &Path, listed: &BTreeMap<String, String>) -> Result<BTreeSet<String>, DumpError> {
    for path in listed.keys() {
        layout::check_path(path)?;
    }
    let (mut found, mut unlisted) = (BTreeSet::new(), BTreeSet::new());
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let on_disk = dir.join(&folder);
        let failed = |source| DumpError::Io { place: on_disk.display().to_string(), doing: "list", source };
        for entry in fs::read_dir(&on_disk).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let kind = fs::symlink_metadata(entry.path()).map_err(failed)?;
            if kind.is_dir() {
                // Nothing can be listed below a path that is too long, so there is no end to find there.
                layout::check_path(&path)?;
                folders.push(path);
                continue;
            }
            plain(&kind, &path)?;
            if path == layout::MANIFEST {
                continue;
            }
            if listed.contains_key(&path) {
                found.insert(path);
            } else {
                unlisted.insert(path);
            }
        }
    }
    match listed.keys().find(|path| !found.contains(*path)) {
        Some(gone) => Err(DumpError::Gone { place: gone.clone() }),
        None => Ok(unlisted),
    }
}

/// Reads a file whole and holds it to its digest.
pub(super) fn read(dir: &Path, path: &str, listed: &str, limit: u64) -> Result<Vec<u8>, DumpError> {
    let failed = |source| DumpError::Io { place: path.to_owned(), doing: "read", source };
    let file = File::open(dir.join(path)).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if size > limit {
        return Err(DumpError::TooLarge { place: path.to_owned(), size, limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    compare(path, listed, &hex(&Sha256::digest(&bytes)))?;
    Ok(bytes)
}

/// Holds a file to its digest without holding it in memory.
pub(super) fn verify(dir: &Path, path: &str, listed: &str) -> Result<(), DumpError> {
    let failed = |source| DumpError::Io { place: path.to_owned(), doing: "read", source };
    let mut file = File::open(dir.join(path)).map_err(failed)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = file.read(&mut buffer).map_err(failed)?;
        if length == 0 {
            return compare(path, listed, &hex(&digest.finalize()));
        }
        digest.update(&buffer[..length]);
    }
}

fn compare(path: &str, listed: &str, found: &str) -> Result<(), DumpError> {
    if listed == found {
        return Ok(());
    }
    let listed = listed.chars().take(64).collect::<String>().escape_debug().to_string();
    Err(DumpError::Digest { place: path.to_owned(), listed, found: found.to_owned() })
}

fn plain(found: &Metadata, place: &str) -> Result<(), DumpError> {
    if found.is_file() {
        return Ok(());
    }
    let found = if found.is_symlink() {
        "a symbolic link"
    } else if found.is_dir() {
        "a folder"
    } else {
        "a device, pipe or socket"
    };
    Err(DumpError::NotPlain { place: place.to_owned(), found })
}
