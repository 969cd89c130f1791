//! A bundle with the rules that it is held against.

use std::collections::BTreeMap;
use std::path::Path;

use dualproof_dump::DumpError;
use dualproof_dump::bundle::{self, Bundle};

use crate::output::OutputError;
use crate::rules::{RuleBook, RulesError};

/// Bundles cannot be read, or what came of them cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum BundleError {
    #[error(transparent)]
    Bundle(#[from] DumpError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl BundleError {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Bundle(error) => error.hint(),
            Self::Rules(_) => "give --rules current to judge by the rules of this program".to_owned(),
            Self::Output(_) => "give --out a folder that can be written".to_owned(),
        }
    }
}

/// Reads a bundle, and the rules that `rules` names: `bundle`, `current`, or a folder.
pub(super) fn read(folder: &Path, rules: &str) -> Result<(Bundle, RuleBook), BundleError> {
    let bundle = bundle::read(folder)?;
    let book = match rules {
        "bundle" => RuleBook::from_files("the bundle", texts(&bundle))?,
        "current" => RuleBook::built_in()?,
        other => RuleBook::from_folder(Path::new(other))?,
    };
    Ok((bundle, book))
}

fn texts(bundle: &Bundle) -> BTreeMap<String, String> {
    let prefix = format!("{}/", bundle::layout::INPUTS);
    bundle
        .inputs()
        .filter_map(|(path, bytes)| {
            let name = path.strip_prefix(&prefix)?;
            Some((name.to_owned(), String::from_utf8_lossy(bytes).into_owned()))
        })
        .collect()
}
