//! By which name and digests an image is known.

use super::digest;

/// What an image is called, and how those who run it may show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name that a pod asks for.
    pub reference: String,
    /// The digest of its configuration: the image's id. `None` when only a name is known.
    pub config: Option<String>,
    /// The digests of its manifest, and of the indexes above it. Empty when only a name is known.
    pub manifests: Vec<String>,
}

impl Identity {
    /// Tells whether `imageID` of a container's status, or an id of `crictl images`, is this image. `None` when the digests are
    /// not known, or when the text has none.
    ///
    /// A runtime shows the configuration's digest, alone or behind `docker://`, or the digest of what it was given under any
    /// repository's name: containerd names what kind loads `docker.io/library/import-2025-11-24@sha256:…`.
    #[must_use]
    pub fn is_shown_as(&self, image_id: &str) -> Option<bool> {
        let last = image_id.rsplit(['@', '/']).next().unwrap_or(image_id);
        let shown = digest::digits(last).or_else(|| Some(last).filter(|digits| digest::are_digits(digits)))?;
        let mut known = self.config.iter().chain(&self.manifests).filter_map(|known| digest::digits(known)).peekable();
        known.peek()?;
        Some(known.any(|known| known == shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_the_digests_is_recognised_and_no_other() {
        let (config, manifest, other) = ("a".repeat(64), "b".repeat(64), "c".repeat(64));
        let identity = Identity {
            reference: "dualproof.dev/agent:x".to_owned(),
            config: Some(format!("sha256:{config}")),
            manifests: vec![format!("sha256:{manifest}")],
        };
        for (image_id, expected) in [
            (format!("sha256:{config}"), Some(true)),
            (format!("docker://sha256:{config}"), Some(true)),
            (config.clone(), Some(true)),
            (format!("docker.io/library/import-2025-11-24@sha256:{manifest}"), Some(true)),
            (format!("docker-pullable://localhost:5000/agent@sha256:{manifest}"), Some(true)),
            (format!("sha256:{other}"), Some(false)),
            (format!("dualproof.dev/agent@sha256:{other}"), Some(false)),
            ("dualproof.dev/agent:x".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(identity.is_shown_as(&image_id), expected, "{image_id}");
        }
        let by_name = Identity { config: None, manifests: Vec::new(), ..identity };
        assert_eq!(by_name.is_shown_as(&format!("sha256:{config}")), None);
    }
}
