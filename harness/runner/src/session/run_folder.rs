//! The private folder of a run: its kubeconfig and rendered inputs.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// A run's id and its folder, readable by the user alone.
#[derive(Debug)]
pub struct RunFolder {
    id: String,
    path: PathBuf,
}

impl RunFolder {
    /// Makes a folder with a new id under the state folder.
    ///
    /// # Errors
    /// Where the state folder cannot be written. An id that is taken is no error: another is drawn.
    pub fn create(state: &Path) -> io::Result<Self> {
        let runs = state.join("runs");
        std::fs::create_dir_all(&runs)?;
        loop {
            let id = draw_id();
            let path = runs.join(&id);
            let mut builder = std::fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            match builder.create(&path) {
                Ok(()) => return Ok(Self { id, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns the run's id: six lower-case letters and digits, fit for names and labels.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder.
    ///
    /// # Errors
    /// What the file system says. A folder that is gone already is no error.
    pub fn remove(self) -> io::Result<()> {
        match std::fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Draws an id from the standard library's own random keys; a collision costs one more draw.
fn draw_id() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bits = RandomState::new().hash_one(std::process::id());
    (0..6)
        .map(|_| {
            let letter = LETTERS[(bits % 32) as usize];
            bits /= 32;
            char::from(letter)
        })
        .collect()
}
