//! Fetching an istioctl from a mirror, which here is a server on the loopback.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use dualproof_driver::mesh::{DownloadError, archive_name, download};
use dualproof_model::spec::MeshVersion;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

type Checked = Result<(), Box<dyn std::error::Error>>;

const LONG: Duration = Duration::from_secs(60);
const SCRIPT: &[u8] = b"#!/bin/sh\necho fetched\n";

/// Packs files as Istio packs its releases.
fn packed(files: &[(&str, &[u8])]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, *bytes)?;
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&archive.into_inner()?)?;
    gzip.finish()
}

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn version() -> Result<MeshVersion, Box<dyn std::error::Error>> {
    Ok("1.26.0".parse()?)
}

fn name() -> Result<String, Box<dyn std::error::Error>> {
    Ok(archive_name(&version()?, std::env::consts::OS, std::env::consts::ARCH)?)
}

/// Serves an archive and its checksum where a release would be, and returns the mirror's address.
async fn mirror(archive: Vec<u8>, published: String) -> Result<String, Box<dyn std::error::Error>> {
    let path = format!("/releases/1.26.0/{}", name()?);
    let router = Router::new()
        .route(&format!("{path}.sha256"), get(move || async move { published }))
        .route(&path, get(move || async move { archive }));
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(format!("http://{address}/releases/"))
}

async fn fetch(base: &str, folder: &Path) -> Result<std::path::PathBuf, DownloadError> {
    let version = "1.26.0".parse().map_err(|_| DownloadError::NoTool { url: "bad test".to_owned() })?;
    download(base, &version, folder, LONG, &CancellationToken::new()).await
}

fn names_in(folder: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

#[tokio::test]
async fn a_release_comes_whole_checked_and_executable() -> Checked {
    let archive = packed(&[("LICENSE", b"words"), ("istioctl", SCRIPT)])?;
    let base = mirror(archive.clone(), format!("{} *{}\n", sum(&archive), name()?)).await?;
    let cache = tempfile::tempdir()?;
    let folder = cache.path().join("istioctl/1.26.0");
    let path = fetch(&base, &folder).await?;
    assert_eq!(path, folder.join("istioctl"));
    assert_eq!(std::fs::read(&path)?, SCRIPT);
    assert_eq!(names_in(&folder)?, ["istioctl"]);
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path)?.permissions());
    assert_eq!(mode & 0o777, 0o755);
    Ok(())
}

#[tokio::test]
async fn what_is_not_the_release_leaves_nothing_behind() -> Checked {
    let good = packed(&[("istioctl", SCRIPT)])?;
    let empty = packed(&[("README", b"words")])?;
    let folder_only = packed(&[("bin/istioctl.exe", b"MZ")])?;
    let zeros = "0".repeat(64);
    let cases = [
        (good.clone(), zeros.clone(), format!("has SHA-256 {}, expected {zeros}", sum(&good))),
        (good.clone(), "<html>Sign in</html>".to_owned(), ".sha256 holds no SHA-256".to_owned()),
        (good.clone(), "a".repeat(5000), ".sha256 holds no SHA-256".to_owned()),
        (empty.clone(), sum(&empty), "holds no file `istioctl`".to_owned()),
        (folder_only.clone(), sum(&folder_only), "holds no file `istioctl`".to_owned()),
        (b"no gzip".to_vec(), sum(b"no gzip"), "could not unpack into".to_owned()),
    ];
    for (archive, published, expected) in cases {
        let base = mirror(archive, published).await?;
        let folder = tempfile::tempdir()?;
        let error = fetch(&base, folder.path()).await.err().ok_or_else(|| format!("not refused: {expected}"))?;
        assert!(error.to_string().contains(&expected), "{error}");
        assert_eq!(names_in(folder.path())?, Vec::<String>::new(), "{expected}");
    }
    Ok(())
}

#[tokio::test]
async fn a_version_that_was_never_released_is_said_to_be_none() -> Checked {
    let base = mirror(Vec::new(), String::new()).await?;
    let folder = tempfile::tempdir()?;
    let version = "1.32-alpha.19a2f0c".parse()?;
    let error = download(&base, &version, folder.path(), LONG, &CancellationToken::new()).await;
    let error = error.err().ok_or("there is no such release")?;
    assert!(error.to_string().ends_with("answered 404: that is not a released version"), "{error}");
    assert!(error.to_string().contains("/releases/1.32-alpha.19a2f0c/istioctl-1.32-alpha.19a2f0c-"), "{error}");
    Ok(())
}

/// Answers every request of a connection in turn, the last one with fewer bytes than it announces.
async fn truncating(archive: Vec<u8>) -> Result<String, Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let archive = archive.clone();
            tokio::spawn(async move {
                let mut asked = vec![0; 4096];
                let size = stream.read(&mut asked).await.unwrap_or_default();
                let (announced, body) = if String::from_utf8_lossy(&asked[..size]).contains(".sha256 ") {
                    (64, sum(&archive).into_bytes())
                } else {
                    (archive.len(), archive[..archive.len() / 2].to_vec())
                };
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {announced}\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
            });
        }
    });
    Ok(format!("http://{address}"))
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_tool() -> Checked {
    let base = truncating(packed(&[("istioctl", SCRIPT)])?).await?;
    let folder = tempfile::tempdir()?;
    let error = fetch(&base, folder.path()).await.err().ok_or("half a body came")?;
    assert!(matches!(error, DownloadError::Fetch { .. }), "{error:?}");
    assert_eq!(names_in(folder.path())?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_silent_or_not_there_is_given_up() -> Checked {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let folder = tempfile::tempdir()?;
    let (version, running) = (version()?, CancellationToken::new());
    let late = download(&base, &version, folder.path(), Duration::from_millis(50), &running).await;
    assert!(matches!(late, Err(DownloadError::Deadline { .. })), "{late:?}");

    let stopped = CancellationToken::new();
    stopped.cancel();
    let ended = download(&base, &version, folder.path(), LONG, &stopped).await;
    assert!(matches!(ended, Err(DownloadError::Cancelled { .. })), "{ended:?}");

    drop(listener);
    let gone = download(&base, &version, folder.path(), LONG, &running).await;
    assert!(matches!(gone, Err(DownloadError::Fetch { .. })), "{gone:?}");
    Ok(())
}

#[test]
fn archives_are_named_as_istio_names_them() -> Checked {
    let version = version()?;
    let cases = [
        ("linux", "x86_64", Some("istioctl-1.26.0-linux-amd64.tar.gz")),
        ("linux", "aarch64", Some("istioctl-1.26.0-linux-arm64.tar.gz")),
        ("linux", "arm", Some("istioctl-1.26.0-linux-armv7.tar.gz")),
        ("macos", "aarch64", Some("istioctl-1.26.0-osx-arm64.tar.gz")),
        ("linux", "riscv64", None),
        ("plan9", "x86_64", None),
    ];
    for (os, arch, expected) in cases {
        assert_eq!(archive_name(&version, os, arch).ok().as_deref(), expected, "{os} {arch}");
    }
    Ok(())
}
