//! The files of one sidecar.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use dualproof_shapes::files::Files;
use serde_json::Value;

use crate::authority::Certificate;
use crate::mesh::MeshError;

/// The bootstrap, which Envoy reads once.
pub(super) const BOOTSTRAP: &str = "envoy.json";
const CLUSTERS: &str = "cds.json";
const LISTENERS: &str = "lds.json";

/// The certificate's files in a sidecar's folder: chain, key, roots.
pub(in crate::mesh) const CERTIFICATES: [&str; 3] = ["cert-chain.pem", "key.pem", "root-cert.pem"];

/// The versions of what a sidecar was sent last; empty before anything was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::mesh) struct Sent {
    /// Of the clusters, with the endpoints in them.
    pub(in crate::mesh) clusters: String,
    /// Of the listeners, with the routes in them.
    pub(in crate::mesh) listeners: String,
}

/// A sidecar's folder, and what stands in it.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    /// The resources of each file, as text; of the bootstrap nothing.
    written: BTreeMap<String, String>,
    pub(super) sent: Sent,
}

impl Folder {
    /// Begins with a folder that is there. What an earlier sidecar of the pod left in it is written over.
    pub(super) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), written: BTreeMap::new(), sent: Sent::default() }
    }

    /// Where a file is.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.root.join(file)
    }

    /// Writes the certificate's files.
    ///
    /// # Errors
    /// [`MeshError::Write`].
    pub(super) fn certify(&self, certificate: &Certificate, root: &str) -> Result<(), MeshError> {
        let contents = [&certificate.chain, &certificate.key, root];
        CERTIFICATES.iter().zip(contents).try_for_each(|(file, content)| self.put(file, content.as_bytes()))
    }

    /// Writes the files that differ from what stands there, each moved into place, in the order in which they refer to each other. A file
    /// that differs gets `version`; the bootstrap is written once.
    ///
    /// # Errors
    /// [`MeshError::Write`]; files after the one that it names are as before.
    pub(super) fn update(&mut self, files: Files, version: &str) -> Result<(), MeshError> {
        let mut files: Vec<(String, Value)> = files.files.into_iter().collect();
        files.sort_by_key(|(name, _)| rank(name));
        for (name, content) in files {
            let resources = content.get("resources").map(Value::to_string).unwrap_or_default();
            if self.written.get(&name) == Some(&resources) {
                continue;
            }
            let text = match name.as_str() {
                BOOTSTRAP => content.to_string(),
                _ => format!(r#"{{"resources":{resources},"version_info":{}}}"#, Value::from(version)),
            };
            self.put(&name, text.as_bytes())?;
            match name.as_str() {
                CLUSTERS => version.clone_into(&mut self.sent.clusters),
                LISTENERS => version.clone_into(&mut self.sent.listeners),
                _ => {}
            }
            self.written.insert(name, resources);
        }
        Ok(())
    }

    /// Envoy reads a file when it is moved, not when it is written (config.core.v3.PathConfigSource).
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), MeshError> {
        let path = self.path(name);
        let moved = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or(&self.root);
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".next-").tempfile_in(folder)?;
            file.write_all(bytes)?;
            file.persist(&path)?;
            Ok(())
        };
        moved().map_err(|source| MeshError::Write { path: path.clone(), source })
    }
}

/// What is referred to comes first.
fn rank(name: &str) -> usize {
    let order = ["sds/", "eds/", CLUSTERS, "rds/", LISTENERS];
    order.iter().position(|part| name.starts_with(part)).unwrap_or(order.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn files(clusters: &[&str], listeners: &[&str]) -> Files {
        let list = |names: &[&str]| json!({"version_info": "", "resources": names});
        Files {
            files: BTreeMap::from([
                ("envoy.json".to_owned(), json!({"node": clusters})),
                ("cds.json".to_owned(), list(clusters)),
                ("lds.json".to_owned(), list(listeners)),
                ("sds/default.json".to_owned(), list(&[])),
            ]),
        }
    }

    #[test]
    fn only_what_differs_is_moved_into_place_with_the_new_version() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let mut folder = Folder::at(root.path());
        let read = |file: &str| -> Result<Value, Box<dyn std::error::Error>> {
            Ok(serde_json::from_slice(&std::fs::read(root.path().join(file))?)?)
        };
        folder.update(files(&["a"], &["l"]), "t/1")?;
        assert_eq!(folder.sent, Sent { clusters: "t/1".to_owned(), listeners: "t/1".to_owned() });
        folder.update(files(&["a", "b"], &["l"]), "t/2")?;
        assert_eq!(folder.sent, Sent { clusters: "t/2".to_owned(), listeners: "t/1".to_owned() });
        assert_eq!(read("cds.json")?, json!({"version_info": "t/2", "resources": ["a", "b"]}));
        assert_eq!(read("lds.json")?["version_info"], "t/1");
        assert_eq!(read("envoy.json")?, json!({"node": ["a"]}));
        folder.update(files(&["a", "b"], &["l"]), "t/3")?;
        assert_eq!(folder.sent.clusters, "t/2");
        let left: Vec<_> = std::fs::read_dir(root.path())?.flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 4, "{left:?}");
        Ok(())
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_and_the_rest_stays() -> Result<(), Box<dyn std::error::Error>> {
        let root = tempfile::tempdir()?;
        let mut folder = Folder::at(root.path());
        folder.update(files(&["a"], &["l"]), "t/1")?;
        std::fs::remove_file(root.path().join("cds.json"))?;
        std::fs::create_dir_all(root.path().join("cds.json/in-the-way"))?;
        let refused = folder.update(files(&["b"], &["m"]), "t/2");
        assert!(matches!(&refused, Err(MeshError::Write { path, .. }) if path.ends_with("cds.json")), "{refused:?}");
        assert_eq!(folder.sent, Sent { clusters: "t/1".to_owned(), listeners: "t/1".to_owned() });
        Ok(())
    }
}
