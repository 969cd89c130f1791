//! Selectors: which scenarios, checks and profiles a run takes.

use globset::{Glob, GlobMatcher};

use crate::spec::Profile;

/// What the user selected; empty lists select everything.
#[derive(Clone, Debug, Default)]
pub struct Selector {
    scenarios: Vec<Pattern>,
    checks: Vec<Pattern>,
    profiles: Profiles,
}

/// Which profiles a run takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profiles {
    /// Core alone.
    #[default]
    Core,
    /// Extended alone.
    Extended,
    /// Both.
    All,
}

impl Profiles {
    /// Tells whether a profile is taken.
    #[must_use]
    pub fn takes(self, profile: Profile) -> bool {
        match self {
            Self::Core => profile == Profile::Core,
            Self::Extended => profile == Profile::Extended,
            Self::All => true,
        }
    }
}

impl std::str::FromStr for Profiles {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "core" => Ok(Self::Core),
            "extended" => Ok(Self::Extended),
            "all" => Ok(Self::All),
            other => Err(SelectorError::Profile(other.to_owned())),
        }
    }
}

/// A selector says nothing that can be selected.
#[derive(Debug, thiserror::Error)]
pub enum SelectorError {
    /// No such profile.
    #[error("unknown profile `{0}`: allowed are core, extended, all")]
    Profile(String),
    /// Not a glob.
    #[error("`{pattern}` is not a glob")]
    Glob {
        /// The text.
        pattern: String,
        /// Why.
        source: globset::Error,
    },
    /// A glob that nothing matches: a typo would otherwise select nothing and look green.
    #[error("{flag} `{pattern}` matches nothing; there is {}", .known.join(", "))]
    Matches {
        /// The flag.
        flag: &'static str,
        /// The pattern.
        pattern: String,
        /// What there is.
        known: Vec<String>,
    },
}

#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    glob: GlobMatcher,
}

impl Selector {
    /// Reads globs (`seed/*`, `K06`, `*listener*`); case does not matter for checks.
    ///
    /// # Errors
    /// Where a text is no glob.
    pub fn new(scenarios: &[String], checks: &[String], profiles: Profiles) -> Result<Self, SelectorError> {
        let read = |texts: &[String], fold: bool| -> Result<Vec<Pattern>, SelectorError> {
            texts.iter().map(|text| Pattern::new(text, fold)).collect()
        };
        Ok(Self { scenarios: read(scenarios, false)?, checks: read(checks, true)?, profiles })
    }

    /// Returns the profiles that are taken.
    #[must_use]
    pub fn profiles(&self) -> Profiles {
        self.profiles
    }

    /// Tells whether a scenario is selected by its name.
    #[must_use]
    pub fn takes_scenario(&self, name: &str) -> bool {
        self.scenarios.is_empty() || self.scenarios.iter().any(|pattern| pattern.glob.is_match(name))
    }

    /// Tells whether a check is selected by one of its names.
    #[must_use]
    pub fn takes_check(&self, names: &[&str]) -> bool {
        self.checks.is_empty()
            || names.iter().any(|name| {
                let name = name.to_ascii_lowercase();
                self.checks.iter().any(|pattern| pattern.glob.is_match(&name))
            })
    }

    /// Refuses globs that match nothing.
    ///
    /// # Errors
    /// Names the first such glob and what it could have matched.
    pub fn must_match(&self, scenarios: &[&str], checks: &[Vec<String>]) -> Result<(), SelectorError> {
        let known = || scenarios.iter().map(|name| (*name).to_owned()).collect();
        for pattern in &self.scenarios {
            if !scenarios.iter().any(|name| pattern.glob.is_match(name)) {
                return Err(SelectorError::Matches {
                    flag: "--scenario",
                    pattern: pattern.text.clone(),
                    known: known(),
                });
            }
        }
        for pattern in &self.checks {
            let matches =
                |names: &Vec<String>| names.iter().any(|name| pattern.glob.is_match(name.to_ascii_lowercase()));
            if !checks.iter().any(matches) {
                let known = checks.iter().filter_map(|names| names.first().cloned()).collect();
                return Err(SelectorError::Matches { flag: "--check", pattern: pattern.text.clone(), known });
            }
        }
        Ok(())
    }
}

impl Pattern {
    fn new(text: &str, fold: bool) -> Result<Self, SelectorError> {
        let pattern = if fold { text.to_ascii_lowercase() } else { text.to_owned() };
        let glob = Glob::new(&pattern).map_err(|source| SelectorError::Glob { pattern: text.to_owned(), source })?;
        Ok(Self { text: text.to_owned(), glob: glob.compile_matcher() })
    }
}
