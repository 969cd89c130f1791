//! What a writer asks for besides the object.

/// How an object is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but store it (`dryRun=All`).
    pub dry_run: bool,
}

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// All but the status, of kinds whose status is a subresource.
    #[default]
    Main,
    /// The status alone.
    Status,
    /// All of it. For controllers only.
    Whole,
}

/// What becomes of the objects that a removed one owns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are removed after it.
    #[default]
    Background,
    /// They are removed before it.
    Foreground,
    /// They stay.
    Orphan,
}

/// How an object is removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// Seconds that a pod gets to end; `None` takes the pod's own. 0 removes it at once: the kubelet says so when it is done.
    pub grace: Option<i64>,
    /// What becomes of the objects that it owns.
    pub propagation: Propagation,
    /// The uid that it must have.
    pub uid: Option<String>,
    /// The resource version that it must have.
    pub version: Option<String>,
    /// Do everything but remove it (`dryRun=All`).
    pub dry_run: bool,
}

impl Removal {
    /// Removes at once, whoever waits for what.
    #[must_use]
    pub fn now() -> Self {
        Self { grace: Some(0), ..Self::default() }
    }
}
