//! Reading a bundle back.

use std::collections::BTreeMap;
use std::path::Path;

use dualproof_model::evidence::{Evidence, Manifest, Missing};

use super::{assemble, check, layout};
use crate::DumpError;

/// A bundle, read and held to its manifest.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    /// What was collected. `evidence.manifest.missing` also names what neither the files nor the manifest have.
    pub evidence: Evidence,
    inputs: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// Returns a file under `inputs/`, by its path inside the bundle (see [`layout::input`]); `None` where there is none.
    #[must_use]
    pub fn input(&self, path: &str) -> Option<&[u8]> {
        self.inputs.get(path).map(Vec::as_slice)
    }

    /// Visits all files under `inputs/` with their paths inside the bundle, sorted.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.inputs.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }
}

/// Reads a bundle: the manifest, every file against its digest, then all of it into evidence. One file is in memory at a time; files that
/// no check reads (logs, Deployments) only pass by.
///
/// A run that was killed, or whose disk was full, wrote files after its last manifest. Its manifest says that it did not end well, so no
/// check of the mesh is judged by it; what is not as listed is then not read and called missing. In a run that did end well, a file that the
/// manifest also calls missing is older than the rest (it was written for an early stage and could not be had again) and is not evidence.
///
/// # Errors
/// Where there is no `bundle.yaml`, it cannot be read or has another schema; where a path in it leads out of the folder; where a listed file
/// is not there; where one was changed, or the folder holds one that is not listed, unless the run did not end well; where it holds a symbolic link; and where a file cannot be parsed. Files with a
/// leading dot are no error and never read. What the manifest calls missing is no error either; evidence that is neither there nor called missing is
/// added to `evidence.manifest.missing`.
pub fn read(dir: &Path) -> Result<Bundle, DumpError> {
    if !dir.is_dir() {
        return Err(DumpError::NoFolder { place: dir.display().to_string() });
    }
    let text = check::manifest_text(dir)?;
    let mut manifest: Manifest = serde_yaml::from_str(&text)
        .map_err(|source| DumpError::Manifest { place: dir.join(layout::MANIFEST).display().to_string(), source })?;
    drop(text);
    for what in check::inventory(dir, &manifest.files)? {
        if manifest.failure.is_none() {
            return Err(DumpError::Unlisted { place: what });
        }
        let why = "it was written after the last manifest, so nothing vouches for it".to_owned();
        manifest.missing.push(Missing { what, why });
    }
    let (evidence, inputs) = assemble::evidence(dir, manifest)?;
    Ok(Bundle { evidence, inputs })
}
