//! Certificates as the files that Envoy reads and watches.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{AuthorityError, Certificate};

/// The name of the workload's own certificate, as Istio's proxies ask for it.
pub const WORKLOAD_SECRET: &str = "default";
/// The name of the roots that a peer's certificate must come from, as Istio's proxies ask for them.
pub const ROOT_SECRET: &str = "ROOTCA";

const SECRET_TYPE: &str = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/// A folder with one sidecar's secrets: `default.json` and `ROOTCA.json`, each a discovery response of one resource.
///
/// Certificate and key stand inside one file, so a rotation cannot be seen half done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// Names the folder, which nobody but its owner should be able to read. It must exist before anything is written, and the
    /// path is what Envoy is told: absolute, and as Envoy's mount namespace has it.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Writes both secrets. An Envoy that runs takes each as soon as it stands there; connections that are open keep theirs.
    ///
    /// # Errors
    /// [`AuthorityError::Write`] with the file. The file that was there before is then whole.
    pub fn write(&self, certificate: &Certificate, root: &str) -> Result<(), AuthorityError> {
        self.put(
            WORKLOAD_SECRET,
            &json!({"tls_certificate": {
                "certificate_chain": {"inline_string": certificate.chain},
                "private_key": {"inline_string": certificate.key},
            }}),
        )?;
        self.put(ROOT_SECRET, &json!({"validation_context": {"trusted_ca": {"inline_string": root}}}))
    }

    /// Returns Envoy's `SdsSecretConfig` (extensions/transport_sockets/tls/v3/secret.proto) for [`WORKLOAD_SECRET`] or
    /// [`ROOT_SECRET`].
    #[must_use]
    pub fn source(&self, name: &str) -> Value {
        json!({
            "name": name,
            "sds_config": {
                "path_config_source": {
                    "path": self.file(name),
                    "watched_directory": {"path": self.folder},
                },
                "resource_api_version": "V3",
            },
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn put(&self, name: &str, kind: &Value) -> Result<(), AuthorityError> {
        let path = self.file(name);
        let mut secret = json!({"@type": SECRET_TYPE, "name": name});
        if let (Value::Object(secret), Value::Object(kind)) = (&mut secret, kind) {
            secret.extend(kind.clone());
        }
        let document = json!({"resources": [secret]}).to_string();
        move_into_place(&self.folder, &path, document.as_bytes())
            .map_err(|source| AuthorityError::Write { path, source })
    }
}

/// Envoy reads a file when it is moved, not when it is written (config.core.v3.PathConfigSource).
fn move_into_place(folder: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".secret-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
