//! Fetches a released istioctl, checks its sum, and puts it into the cache.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dualproof_model::spec::MeshVersion;
use flate2::read::GzDecoder;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

/// Where Istio publishes its releases (istio/istio:release/downloadIstioCtl.sh builds the same addresses).
pub const RELEASES: &str = "https://github.com/istio/istio/releases/download";

/// The most that a packed or unpacked istioctl may take; 1.31 is 95 MB unpacked.
const MAXIMUM_BYTES: u64 = 512 * 1024 * 1024;
/// The most that a checksum file may take: a line, not a page of HTML.
const MAXIMUM_SUM_BYTES: usize = 4096;

/// Why a release could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// There is no istioctl for this machine.
    #[error("istio publishes no istioctl for {os} on {arch}")]
    Platform {
        /// The operating system, as Rust names it.
        os: &'static str,
        /// The processor, as Rust names it.
        arch: &'static str,
    },
    /// The server could not be reached, or stopped in the middle.
    #[error("could not fetch {url}")]
    Fetch {
        /// The address.
        url: String,
        /// What the HTTP client said.
        #[source]
        source: reqwest::Error,
    },
    /// The server answered, and not with the file.
    #[error("{url} answered {status}{}", explain(*.status))]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// The run was stopped.
    #[error("stopped while fetching {url}")]
    Cancelled {
        /// The address.
        url: String,
    },
    /// It took too long.
    #[error("{url} was not complete after {} s", .after.as_secs())]
    Deadline {
        /// The address.
        url: String,
        /// The budget.
        after: Duration,
    },
    /// The checksum file holds no SHA-256.
    #[error("{url} holds no SHA-256")]
    NoSum {
        /// The address.
        url: String,
    },
    /// The file is not the one that was published.
    #[error("{url} has SHA-256 {seen}, expected {expected}")]
    Sum {
        /// The address.
        url: String,
        /// What was published.
        expected: String,
        /// What came.
        seen: String,
    },
    /// More bytes than any istioctl has.
    #[error("{url} is larger than {MAXIMUM_BYTES} bytes")]
    TooLarge {
        /// The address.
        url: String,
    },
    /// The archive holds no istioctl.
    #[error("{url} holds no file `istioctl`")]
    NoTool {
        /// The address.
        url: String,
    },
    /// The cache could not be written, or the archive not be read.
    #[error("could not unpack into {}", .path.display())]
    Store {
        /// The cache's folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

fn explain(status: u16) -> &'static str {
    if status == 404 { ": that is not a released version" } else { "" }
}

/// Names the archive of a release for this machine: `istioctl-1.26.0-linux-amd64.tar.gz`.
///
/// # Errors
/// [`DownloadError::Platform`] where Istio publishes none.
pub fn archive_name(version: &MeshVersion, os: &'static str, arch: &'static str) -> Result<String, DownloadError> {
    let system = match os {
        "linux" => "linux",
        "macos" => "osx",
        _ => return Err(DownloadError::Platform { os, arch }),
    };
    let processor = match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "arm" => "armv7",
        _ => return Err(DownloadError::Platform { os, arch }),
    };
    Ok(format!("istioctl-{version}-{system}-{processor}.tar.gz"))
}

/// Fetches the istioctl of a version from `base` into `folder` and returns its path, `<folder>/istioctl`.
///
/// `base` is the part of the address before the version, such as [`RELEASES`] or a mirror of it. `budget` bounds the whole.
/// The file appears in one step, complete and checked, or not at all; two runs may do this at once.
///
/// # Errors
/// [`DownloadError`] with the address at which it went wrong.
pub async fn download(
    base: &str,
    version: &MeshVersion,
    folder: &Path,
    budget: Duration,
    cancel: &CancellationToken,
) -> Result<PathBuf, DownloadError> {
    let archive = archive_name(version, std::env::consts::OS, std::env::consts::ARCH)?;
    let url = format!("{}/{version}/{archive}", base.trim_end_matches('/'));
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(DownloadError::Cancelled { url: url.clone() }),
        fetched = tokio::time::timeout(budget, fetch_and_unpack(&url, folder)) => match fetched {
            Ok(fetched) => fetched,
            Err(_) => Err(DownloadError::Deadline { url: url.clone(), after: budget }),
        },
    }
}

async fn fetch_and_unpack(url: &str, folder: &Path) -> Result<PathBuf, DownloadError> {
    let store = |source| DownloadError::Store { path: folder.to_owned(), source };
    let client = client(url)?;
    let expected = published_sum(&client, &format!("{url}.sha256")).await?;
    std::fs::create_dir_all(folder).map_err(store)?;
    let mut packed = tempfile::Builder::new().prefix(".download-").tempfile_in(folder).map_err(store)?;
    let seen = stream(&client, url, packed.as_file_mut(), folder).await?;
    if seen != expected {
        return Err(DownloadError::Sum { url: url.to_owned(), expected, seen });
    }
    let (url, folder_owned) = (url.to_owned(), folder.to_owned());
    tokio::task::spawn_blocking(move || unpack(&url, packed.path(), &folder_owned))
        .await
        .map_err(|joined| store(std::io::Error::other(joined)))?
}

fn client(url: &str) -> Result<reqwest::Client, DownloadError> {
    // An error means that a provider is installed already, which is all that reqwest asks for.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .build()
        .map_err(|source| DownloadError::Fetch { url: url.to_owned(), source })
}

async fn get(client: &reqwest::Client, url: &str) -> Result<reqwest::Response, DownloadError> {
    let answer = client.get(url).send().await.map_err(|source| DownloadError::Fetch { url: url.to_owned(), source })?;
    if !answer.status().is_success() {
        return Err(DownloadError::Status { url: url.to_owned(), status: answer.status().as_u16() });
    }
    Ok(answer)
}

async fn published_sum(client: &reqwest::Client, url: &str) -> Result<String, DownloadError> {
    let no_sum = || DownloadError::NoSum { url: url.to_owned() };
    let mut body = get(client, url).await?.bytes_stream();
    let mut text = Vec::new();
    while let Some(chunk) = body.next().await {
        text.extend_from_slice(&chunk.map_err(|source| DownloadError::Fetch { url: url.to_owned(), source })?);
        if text.len() > MAXIMUM_SUM_BYTES {
            return Err(no_sum());
        }
    }
    let text = String::from_utf8_lossy(&text);
    let sum = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sum { Ok(sum) } else { Err(no_sum()) }
}

async fn stream(
    client: &reqwest::Client,
    url: &str,
    file: &mut std::fs::File,
    folder: &Path,
) -> Result<String, DownloadError> {
    let mut body = get(client, url).await?.bytes_stream();
    let mut digest = Sha256::new();
    let mut size = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|source| DownloadError::Fetch { url: url.to_owned(), source })?;
        size += chunk.len() as u64;
        if size > MAXIMUM_BYTES {
            return Err(DownloadError::TooLarge { url: url.to_owned() });
        }
        digest.update(&chunk);
        file.write_all(&chunk).map_err(|source| DownloadError::Store { path: folder.to_owned(), source })?;
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Takes the one file out of the archive; whatever else is in it is not touched, so no path of it matters.
fn unpack(url: &str, packed: &Path, folder: &Path) -> Result<PathBuf, DownloadError> {
    let store = |source| DownloadError::Store { path: folder.to_owned(), source };
    let mut archive = tar::Archive::new(GzDecoder::new(std::fs::File::open(packed).map_err(store)?));
    for entry in archive.entries().map_err(store)? {
        let mut entry = entry.map_err(store)?;
        let is_tool = entry.path().map_err(store)?.file_name().is_some_and(|name| name == "istioctl");
        if !is_tool || !entry.header().entry_type().is_file() {
            continue;
        }
        if entry.size() > MAXIMUM_BYTES {
            return Err(DownloadError::TooLarge { url: url.to_owned() });
        }
        let mut tool = tempfile::Builder::new().prefix(".istioctl-").tempfile_in(folder).map_err(store)?;
        std::io::copy(&mut entry.by_ref().take(MAXIMUM_BYTES), tool.as_file_mut()).map_err(store)?;
        make_executable(tool.as_file()).map_err(store)?;
        let place = folder.join("istioctl");
        tool.persist(&place).map_err(|failed| store(failed.error))?;
        return Ok(place);
    }
    Err(DownloadError::NoTool { url: url.to_owned() })
}

#[cfg(unix)]
fn make_executable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
