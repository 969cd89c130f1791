//! Names with `*`.

use globset::{Glob, GlobMatcher};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// A glob: `*` stands for any text, `?` for one mark, `{a,b}` for either.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Pattern {
    pub(super) fn fits(&self, text: &str) -> bool {
        self.glob.is_match(text)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let glob =
            Glob::new(&text).map_err(|error| D::Error::custom(format!("`{text}` is not a glob: {}", error.kind())))?;
        Ok(Self { text, glob: glob.compile_matcher() })
    }
}
