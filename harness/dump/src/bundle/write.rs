//! Writing a bundle.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dualproof_model::evidence::{BUNDLE_SCHEMA, Manifest, Missing};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{assemble, check, layout};
use crate::DumpError;

/// How the name of a file begins that is not whole yet.
const DRAFT: &str = ".dualproof-draft-";

/// Writes a bundle, from many tasks at once. Each method returns when its file is whole.
#[derive(Debug)]
pub struct Writer {
    root: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Entry>,
    missing: Vec<Missing>,
    redacted: Vec<Missing>,
}

#[derive(Debug)]
enum Entry {
    Whole(String),
    Growing { file: File, digest: Sha256, length: u64 },
}

impl Writer {
    /// Opens a folder for a new bundle and makes it where it is not there. A bundle of ours that is there already is removed first.
    ///
    /// # Errors
    /// [`DumpError::NotOurs`] where the folder holds anything else, so nothing of the user's is ever removed;
    /// [`DumpError::Io`] where the folder cannot be made or emptied. Files with a leading dot are left alone and are no error.
    pub fn create(dir: &Path) -> Result<Self, DumpError> {
        clear(dir)?;
        fs::create_dir_all(dir).map_err(|source| io_error(dir, "make the folder", source))?;
        Ok(Self { root: dir.to_owned(), state: Mutex::default() })
    }

    /// Returns the folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.root
    }

    /// Writes a file in one step; a file of that path is replaced, and no longer called missing.
    ///
    /// # Errors
    /// [`DumpError::UnsafePath`] for a path that [`layout`] would not make, [`DumpError::Io`] where it cannot be written.
    pub fn add(&self, path: &str, bytes: impl AsRef<[u8]>) -> Result<(), DumpError> {
        let target = self.place(path)?;
        let bytes = bytes.as_ref();
        let digest = check::hex(&Sha256::digest(bytes));
        let draft = self.draft(bytes)?;
        let mut state = self.state();
        draft.persist(&target).map_err(|error| io_error(&target, "write", error.error))?;
        state.files.insert(path.to_owned(), Entry::Whole(digest));
        state.missing.retain(|missing| missing.what != path);
        Ok(())
    }

    /// Writes a file as [`Writer::add`] does, if [`super::read()`] will be able to parse it: one answer that was cut off must
    /// not make the whole bundle unreadable.
    ///
    /// # Errors
    /// What [`super::read()`] would say of the file, and as [`Writer::add`].
    pub fn add_parsed(&self, path: &str, bytes: impl AsRef<[u8]>) -> Result<(), DumpError> {
        assemble::parse(path, bytes.as_ref())?;
        self.add(path, bytes)
    }

    /// Writes a value as one JSON document; a file of that path is replaced.
    ///
    /// # Errors
    /// As [`Writer::add`], and [`DumpError::EncodeJson`] where the value has no JSON form.
    pub fn add_json(&self, path: &str, value: &impl Serialize) -> Result<(), DumpError> {
        let mut bytes =
            serde_json::to_vec(value).map_err(|source| DumpError::EncodeJson { place: path.to_owned(), source })?;
        bytes.push(b'\n');
        self.add(path, bytes)
    }

    /// Adds a value as one line to a JSON Lines file, and makes the file with the first line. A line that cannot be written
    /// whole is taken back, so that the lines before it stay evidence.
    ///
    /// # Errors
    /// As [`Writer::add_json`].
    pub fn append_line(&self, path: &str, value: &impl Serialize) -> Result<(), DumpError> {
        let target = self.place(path)?;
        let mut line =
            serde_json::to_vec(value).map_err(|source| DumpError::EncodeJson { place: path.to_owned(), source })?;
        line.push(b'\n');
        let mut state = self.state();
        if !matches!(state.files.get(path), Some(Entry::Growing { .. })) {
            let file = OpenOptions::new()
                .create(true)
                .write(true)
                .truncate(true)
                .open(&target)
                .map_err(|source| io_error(&target, "make", source))?;
            state.files.insert(path.to_owned(), Entry::Growing { file, digest: Sha256::new(), length: 0 });
        }
        if let Some(Entry::Growing { file, digest, length }) = state.files.get_mut(path) {
            if let Err(source) = file.write_all(&line) {
                // Where even this fails the digest tells.
                let _ = file.set_len(*length).and_then(|()| file.seek(SeekFrom::Start(*length)));
                return Err(io_error(&target, "write", source));
            }
            digest.update(&line);
            *length += line.len() as u64;
        }
        Ok(())
    }

    /// Notes that something should be in the bundle and is not, and why: a path inside the bundle or the name of the evidence.
    /// A file of that path that was written before stays, and is older than the rest: see [`super::read()`].
    pub fn missing(&self, what: impl Into<String>, why: impl Into<String>) {
        note(&mut self.state().missing, Missing { what: what.into(), why: why.into() });
    }

    /// Notes that something was left out on purpose, and why.
    pub fn redacted(&self, what: impl Into<String>, why: impl Into<String>) {
        note(&mut self.state().redacted, Missing { what: what.into(), why: why.into() });
    }

    /// Writes `bundle.yaml` in one step, with the schema, the digests of all files so far, and all that was noted.
    /// What the given manifest says of missing and redacted things is kept; its list of files is replaced. May be called again and again:
    /// a run that is killed leaves the bundle of the last call, as long as no file was added after it.
    ///
    /// # Errors
    /// [`DumpError::EncodeYaml`] or [`DumpError::Io`].
    pub fn save(&self, mut manifest: Manifest) -> Result<(), DumpError> {
        BUNDLE_SCHEMA.clone_into(&mut manifest.schema);
        // Held to the end: of two calls at once the later one stands in the file.
        let state = self.state();
        manifest.files = state
            .files
            .iter()
            .map(|(path, entry)| {
                let digest = match entry {
                    Entry::Whole(digest) => digest.clone(),
                    Entry::Growing { digest, .. } => check::hex(&digest.clone().finalize()),
                };
                (path.clone(), digest)
            })
            .collect();
        for missing in &state.missing {
            note(&mut manifest.missing, missing.clone());
        }
        for redacted in &state.redacted {
            note(&mut manifest.redacted, redacted.clone());
        }
        let text = serde_yaml::to_string(&manifest)
            .map_err(|source| DumpError::EncodeYaml { place: layout::MANIFEST.to_owned(), source })?;
        let target = self.root.join(layout::MANIFEST);
        let draft = self.draft(text.as_bytes())?;
        draft.persist(&target).map_err(|error| io_error(&target, "write", error.error))?;
        Ok(())
    }

    /// Checks a path, makes its folder and returns it on disk.
    fn place(&self, path: &str) -> Result<PathBuf, DumpError> {
        layout::check_path(path)?;
        if path == layout::MANIFEST {
            return Err(DumpError::UnsafePath { path: path.to_owned(), why: "the manifest is written by `save`" });
        }
        if !layout::TOP.contains(&path.split('/').next().unwrap_or(path)) {
            return Err(DumpError::UnsafePath { path: path.to_owned(), why: "the bundle has no such part" });
        }
        let target = self.root.join(path);
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder).map_err(|source| io_error(folder, "make the folder", source))?;
        }
        Ok(target)
    }

    /// Writes a hidden file beside the target, so that a killed run leaves no half file under a real name.
    fn draft(&self, bytes: &[u8]) -> Result<tempfile::NamedTempFile, DumpError> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(DRAFT);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut draft = builder.tempfile_in(&self.root).map_err(|source| io_error(&self.root, "write into", source))?;
        draft.write_all(bytes).map_err(|source| io_error(draft.path(), "write", source))?;
        Ok(draft)
    }

    /// A task that panicked while it wrote leaves the list as it was, so the others go on.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(list: &mut Vec<Missing>, entry: Missing) {
    if !list.contains(&entry) {
        list.push(entry);
    }
}

/// Empties the folder if it holds a bundle of ours and nothing else.
fn clear(dir: &Path) -> Result<(), DumpError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(io_error(dir, "open the folder", source)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| io_error(dir, "list the folder", source))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A draft is what a killed run of ours leaves; other hidden files are somebody else's.
        if name.starts_with(DRAFT) {
            fs::remove_file(entry.path()).map_err(|source| io_error(&entry.path(), "remove", source))?;
        } else if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    let ours = check::is_ours(dir);
    if let Some(strange) = names.iter().find(|name| !ours || !layout::TOP.contains(&name.as_str())) {
        return Err(DumpError::NotOurs { place: dir.display().to_string(), found: strange.clone() });
    }
    // The manifest goes last: a run that is killed here can still be recognised.
    names.sort_by_key(|name| name == layout::MANIFEST);
    for name in names {
        let path = dir.join(&name);
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.map_err(|source| io_error(&path, "remove", source))?;
    }
    Ok(())
}

fn io_error(place: &Path, doing: &'static str, source: io::Error) -> DumpError {
    DumpError::Io { place: place.display().to_string(), doing, source }
}
