//! istioctl: finding it, and fetching it where it is not.

mod download;
mod find;

pub use download::{DownloadError, RELEASES, archive_name, download};
pub(super) use find::find;
