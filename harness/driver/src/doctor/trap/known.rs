//! What a trap is, what is seen of it, and the list of all.

use super::{context, docker, embedded, fit, folder, kernel, kind};

/// A known way in which a machine is not what a run needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Trap {
    /// Its name, in kebab-case. It never changes.
    pub id: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What happens to a run that steps into it.
    pub why: &'static str,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run cannot work.
    Blocks,
    /// The run may work.
    Warns,
}

/// A trap that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The trap's id.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was seen.
    pub seen: String,
    /// What to do: a sentence with a command between backticks.
    pub cure: String,
    /// The look failed, so nothing is known of the trap; then it only warns.
    pub unsure: bool,
}

/// Lists every trap, in the order in which they are looked for.
#[must_use]
pub fn traps() -> &'static [&'static Trap] {
    ALL
}

const ALL: &[&Trap] = &[
    &docker::ABSENT,
    &docker::DOWN,
    &docker::ROOTLESS,
    &docker::DISK_LOW,
    &docker::NODE_IMAGE_ABSENT,
    &docker::NETWORK_WITHOUT_IPV6,
    &kind::ABSENT,
    &kind::TOO_OLD,
    &kind::NAME_TAKEN,
    &kernel::IPV6_OFF,
    &kernel::CGROUP_V1,
    &kernel::INOTIFY_LOW,
    &kernel::OPEN_FILES_LOW,
    &kernel::MEMORY_LOW,
    &fit::VERSIONS,
    &context::PRODUCTION,
    &embedded::NAMESPACES,
    &embedded::IPV6,
    &embedded::ENVOY,
    &folder::OUTPUT,
    &folder::STATE,
];

impl Trap {
    pub(super) fn blocks(&self, seen: impl Into<String>, cure: impl Into<String>) -> Seen {
        Seen { id: self.id, severity: Severity::Blocks, seen: seen.into(), cure: cure.into(), unsure: false }
    }

    pub(super) fn warns(&self, seen: impl Into<String>, cure: impl Into<String>) -> Seen {
        Seen { severity: Severity::Warns, ..self.blocks(seen, cure) }
    }

    /// Says that the look failed, and which command shows it by hand.
    pub(super) fn unsure(&self, why: impl std::fmt::Display, by_hand: &str) -> Seen {
        let seen = format!("could not tell: {why}");
        Seen { unsure: true, ..self.warns(seen, format!("look by hand: `{by_hand}`")) }
    }
}
