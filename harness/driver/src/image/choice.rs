//! Which image the agents run: the built-in one, or one that the user gives.

use std::path::{Path, PathBuf};

use super::{Identity, Image, ImageError, digest, read};

/// The image of the agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentImage {
    /// The one of the agent that this program was built with.
    BuiltIn(Image),
    /// An archive that nodes are given.
    Archive {
        /// The file.
        path: PathBuf,
        /// What it holds.
        identity: Identity,
    },
    /// An image that the cluster can get by itself; its digest is known when the name has it (`name@sha256:…`).
    Reference(Identity),
}

impl AgentImage {
    /// Takes what the user gives: a file, or an image's name. `None` takes the built-in image.
    ///
    /// It is a file when there is one, when it begins with `.` or `/`, or when it ends with `.tar`.
    ///
    /// # Errors
    /// A file that is no archive of one image (see [`read`]), or a name that no image can have.
    pub fn choose(given: Option<&str>) -> Result<Self, ImageError> {
        let Some(given) = given else { return Ok(Self::BuiltIn(Image::built_in()?)) };
        let path = Path::new(given);
        if path.is_file() || given.starts_with(['.', '/']) || given.ends_with(".tar") {
            return Ok(Self::Archive { path: path.to_owned(), identity: read(path)? });
        }
        let (name, pinned) = given.split_once('@').map_or((given, None), |(name, digest)| (name, Some(digest)));
        if !is_name(name) || pinned.is_some_and(|pinned| digest::digits(pinned).is_none()) {
            return Err(ImageError::Name { given: given.to_owned() });
        }
        let manifests = pinned.map(str::to_owned).into_iter().collect();
        Ok(Self::Reference(Identity { reference: given.to_owned(), config: None, manifests }))
    }

    /// Tells by which name and digests the image is known.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        match self {
            Self::BuiltIn(image) => image.identity(),
            Self::Archive { identity, .. } | Self::Reference(identity) => identity,
        }
    }

    /// Tells how a pod may show that it runs the image: as [`Self::identity`], and for the built-in one by the digest of the one program in
    /// it, which is what a cluster shows that runs programs and no images.
    #[must_use]
    pub fn shown(&self) -> Identity {
        let mut shown = self.identity().clone();
        if matches!(self, Self::BuiltIn(_)) {
            shown.manifests.push(digest::of(dualproof_agent_image::BINARY));
        }
        shown
    }

    /// Returns the archive that nodes are to be given, writing the built-in one into a folder. `None` when the cluster gets the
    /// image by itself.
    ///
    /// # Errors
    /// [`ImageError::Write`]: the folder refuses it.
    pub fn archive(&self, folder: &Path) -> Result<Option<PathBuf>, ImageError> {
        match self {
            Self::BuiltIn(image) => {
                let path = folder.join("agent.tar");
                image.write(&path, true)?;
                Ok(Some(path))
            }
            Self::Archive { path, .. } => Ok(Some(path.clone())),
            Self::Reference(_) => Ok(None),
        }
    }
}

/// Tells whether an image can have this name: the grammar of distribution/reference (reference.go), without the digest.
fn is_name(name: &str) -> bool {
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':', '[']) || first == "localhost" => (Some(first), rest),
        _ => (None, name),
    };
    let (path, tag) = path.split_once(':').map_or((path, None), |(path, tag)| (path, Some(tag)));
    let host = |mark: char| mark.is_ascii_alphanumeric() || ".-:[]".contains(mark);
    let plain = |mark: char| mark.is_ascii_lowercase() || mark.is_ascii_digit();
    let component = |part: &str| {
        part.starts_with(plain) && part.ends_with(plain) && part.chars().all(|mark| plain(mark) || "._-".contains(mark))
    };
    let word = |mark: char| mark.is_ascii_alphanumeric() || mark == '_';
    registry.is_none_or(|registry| registry.chars().all(host))
        && path.split('/').all(component)
        && tag.is_none_or(|tag| {
            tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|mark| word(mark) || ".-".contains(mark))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_are_taken_with_the_digest_that_they_have() -> Result<(), ImageError> {
        let digest = format!("sha256:{}", "0".repeat(64));
        for name in
            ["agent", "me/agent:1.0", "localhost/agent", "registry.example:5000/a/b:x_1", "[fd00::1]:5000/agent:1"]
        {
            let unpinned = Identity { reference: name.to_owned(), config: None, manifests: Vec::new() };
            assert_eq!(AgentImage::choose(Some(name))?, AgentImage::Reference(unpinned.clone()));
            let whole = format!("{name}@{digest}");
            let pinned = Identity { reference: whole.clone(), manifests: vec![digest.clone()], ..unpinned };
            let chosen = AgentImage::choose(Some(&whole))?;
            assert_eq!(chosen.identity(), &pinned);
            assert_eq!(chosen.archive(Path::new("absent"))?, None);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_name_and_no_file_is_refused() {
        let long = format!("agent:{}", "x".repeat(129));
        for text in
            ["", "Agent", "a//b", "a/", "-a", "agent:", "agent:a b", "https://registry/agent", "a@sha256:12", &long]
        {
            assert!(matches!(AgentImage::choose(Some(text)), Err(ImageError::Name { .. })), "{text}");
        }
        for text in ["./absent", "/absent/agent", "absent.tar"] {
            assert!(matches!(AgentImage::choose(Some(text)), Err(ImageError::Open { .. })), "{text}");
        }
    }
}
