//! Differences that have a reason, as data.

use serde::Deserialize;

use super::difference::Difference;

/// One reason. A pattern that ends with `*` stands for all that begin with what is before it; one that is left out, for all.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// The recording.
    #[serde(default = "any")]
    pub(crate) recording: String,
    /// The pod, as `namespace/name`.
    #[serde(default = "any")]
    pub(crate) proxy: String,
    /// The kind of part.
    pub(crate) kind: String,
    /// The part's name.
    #[serde(default = "any")]
    pub(crate) name: String,
    /// Where in it.
    pub(crate) path: String,
    /// Why it differs.
    pub(crate) reason: String,
}

fn any() -> String {
    "*".to_owned()
}

impl Reason {
    /// Tells whether it explains a difference.
    pub(crate) fn explains(&self, difference: &Difference) -> bool {
        fits(&self.recording, &difference.recording)
            && fits(&self.proxy, &difference.proxy)
            && fits(&self.kind, difference.kind)
            && fits(&self.name, &difference.name)
            && fits(&self.path, &difference.path)
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == text, |start| text.starts_with(start))
}
