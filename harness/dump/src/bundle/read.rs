//! Reading a bundle back.

use std::collections::BTreeMap;
use std::path::Path;

use dualproof_model::evidence::{Evidence, Manifest};

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
/// # Errors
/// Where there is no `bundle.yaml`, it cannot be read or has another schema; where a path in it leads out of the folder; where a listed file
/// is not there or was changed; where the folder holds a file that is not listed, or a symbolic link; and where a file cannot be parsed. Files with a
/// leading dot are no error and never read. What the manifest calls missing is no error either; evidence that is neither there nor called missing is
/// added to `evidence.manifest.missing`.
pub fn read(dir: &Path) -> Result<Bundle, DumpError> {
    if !dir.is_dir() {
        return Err(DumpError::NoFolder { place: dir.display().to_string() });
    }
    let text = check::manifest_text(dir)?;
    let manifest: Manifest = serde_yaml::from_str(&text)
        .map_err(|source| DumpError::Manifest { place: dir.join(layout::MANIFEST).display().to_string(), source })?;
    drop(text);
    check::inventory(dir, &manifest.files)?;
    let (evidence, inputs) = assemble::evidence(dir, manifest)?;
    Ok(Bundle { evidence, inputs })
}
