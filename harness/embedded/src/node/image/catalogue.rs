//! Which image is which program.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::Program;

/// The images that are known. The name of an image is the last part of its path, without tag and digest.
#[derive(Clone, Debug)]
pub struct Images {
    known: Vec<(String, Program)>,
}

/// The name of the agent's image.
const AGENT: &str = "agent";

/// What a client's image runs when its container names no command.
const SLEEP: Program = Program::Host(&["sleep", "infinity"]);

impl Default for Images {
    /// The agent, the seed's server and client, and images that hold a shell.
    fn default() -> Self {
        let images = Self { known: Vec::new() };
        let images = images.with(AGENT, Program::Agent).with("tcp-echo-server", Program::TcpEcho);
        ["curl", "busybox", "alpine", "debian", "ubuntu"]
            .into_iter()
            .fold(images, |images, name| images.with(name, SLEEP))
    }
}

impl Images {
    /// Adds an image; one of that name is replaced. A `*` at the end of the name stands for anything.
    #[must_use]
    pub fn with(mut self, name: &str, program: Program) -> Self {
        self.known.retain(|(known, _)| known != name);
        self.known.push((name.to_owned(), program));
        self
    }

    /// Finds the program of an image: `registry.istio.io/release/tcp-echo-server:1.3`. The last one that was added and fits.
    #[must_use]
    pub fn find(&self, image: &str) -> Option<Program> {
        let name = base_name(image);
        let fits = |known: &str| match known.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == known,
        };
        self.known.iter().rev().find(|(known, _)| fits(known)).map(|(_, program)| program.clone())
    }

    /// Says that there is no such image, and which there are.
    #[must_use]
    pub fn unknown(&self, image: &str) -> String {
        let mut names: Vec<&str> = self.known.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let list = names.join(", ");
        format!(
            "failed to pull image \"{image}\": this cluster runs no images, only programs known by the last part of an image's name: {list}"
        )
    }
}

/// The digest of the agent that this cluster runs, whatever tag is asked for.
static AGENT_DIGEST: LazyLock<String> =
    LazyLock::new(|| Sha256::digest(dualproof_agent_image::BINARY).iter().map(|byte| format!("{byte:02x}")).collect());

/// Spells what runs for an image, as the status of a container has it: the agent by its digest, everything else by its name.
pub(in crate::node) fn shown_as(image: &str) -> String {
    let (name, digest) = (base_name(image), AGENT_DIGEST.as_str());
    if name == AGENT { format!("dualproof://{name}@sha256:{digest}") } else { format!("dualproof://{image}") }
}

/// The last part of an image's path, without tag and digest.
fn base_name(image: &str) -> &str {
    let name = image.split('@').next().unwrap_or_default();
    let last = name.rsplit('/').next().unwrap_or_default();
    last.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(image: &str) -> Option<String> {
        Images::default().with("dualproof-*", Program::Proxy).find(image).map(|program| format!("{program:?}"))
    }

    #[test]
    fn images_are_known_by_their_last_name_alone() {
        for (image, program) in [
            ("dualproof.dev/agent", Some("Agent")),
            ("dualproof.dev/agent:dev", Some("Agent")),
            ("registry.istio.io/release/tcp-echo-server:1.3", Some("TcpEcho")),
            ("localhost:5000/tcp-echo-server@sha256:0123", Some("TcpEcho")),
            ("docker.io/curlimages/curl:8.16.0", Some("Host")),
            ("example.org/dualproof-envoy", Some("Proxy")),
            ("agent-of-somebody", None),
            ("nginx", None),
            ("", None),
        ] {
            assert_eq!(found(image).as_deref(), program, "{image}");
        }
    }

    #[test]
    fn who_asks_for_an_unknown_image_is_told_the_known_ones() {
        let told = Images::default().unknown("docker.io/nginx:1");
        assert!(told.contains("\"docker.io/nginx:1\"") && told.contains("agent, alpine, busybox"), "{told}");
    }
}
