//! A run's id.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

/// The letters of an id: those that nobody reads as another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// The length of an id.
const LENGTH: usize = 6;

/// A run's id: six lower-case letters and digits, fit for names and labels; never `l`, `o`, `0` or `1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

/// A text is no run's id.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no run's id: expected six of a-z and 2-9, without l and o")]
pub struct RunIdError(String);

impl RunId {
    /// Draws an id from the standard library's own random keys.
    #[must_use]
    pub fn draw() -> Self {
        let mut bits = RandomState::new().hash_one(std::process::id());
        let letters = (0..LENGTH).map(|_| {
            let letter = LETTERS[(bits % 32) as usize];
            bits /= 32;
            char::from(letter)
        });
        Self(letters.collect())
    }

    /// Spells the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        if text.len() == LENGTH && text.bytes().all(|byte| LETTERS.contains(&byte)) {
            return Ok(Self(text.to_owned()));
        }
        Err(RunIdError(text.to_owned()))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
