//! The log of one incarnation of a container: a file, and who waits for more.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

/// A log. Each line in the file is a time, `F` for a whole line or `P` for one that goes on, and the text; clones are the same log.
#[derive(Clone, Debug)]
pub struct Log {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    file: Mutex<File>,
    size: watch::Sender<Size>,
}

/// How long a log is, and whether it will grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::node) struct Size {
    /// In bytes, as the file has them.
    pub(in crate::node) bytes: u64,
    /// Whether its container has ended.
    pub(in crate::node) is_closed: bool,
}

impl Log {
    /// Begins a log in a file.
    pub(in crate::node) fn create(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        let inner = Inner { path: path.to_owned(), file: Mutex::new(file), size: watch::Sender::new(Size::default()) };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Writes lines. What cannot be written is lost, as with a full disk elsewhere.
    pub fn say(&self, text: &str) {
        self.append(text.split_inclusive('\n').map(|line| line.trim_end_matches('\n').as_bytes()), true);
    }

    /// Writes lines without their ends; the last one may go on later.
    pub(super) fn append<'a>(&self, lines: impl IntoIterator<Item = &'a [u8]>, is_whole: bool) {
        let now = Timestamp::now();
        let tag = if is_whole { 'F' } else { 'P' };
        let head = format!("{now:.9} {tag} ");
        let mut bytes = Vec::new();
        for line in lines {
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        let mut file = self.inner.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.write_all(&bytes).is_ok() {
            self.inner.size.send_modify(|size| size.bytes += u64::try_from(bytes.len()).unwrap_or_default());
        }
    }

    /// Says that nothing more comes.
    pub(in crate::node) fn close(&self) {
        self.inner.size.send_modify(|size| size.is_closed = true);
    }

    /// Where the file is.
    pub(in crate::node) fn path(&self) -> &Path {
        &self.inner.path
    }

    /// How long it is, and how long it becomes.
    pub(in crate::node) fn size(&self) -> watch::Receiver<Size> {
        self.inner.size.subscribe()
    }
}
