//! `dualproof judge`: the same judge, on somebody's bundle, without any cluster.

use std::collections::BTreeMap;
use std::path::Path;

use dualproof_dump::DumpError;
use dualproof_dump::bundle::{self, Bundle};
use dualproof_model::judge::judge;
use dualproof_model::report::text;

use crate::output::{Console, Exit, OutputError, write_report};
use crate::rules::{RuleBook, RulesError};
use crate::session::tool;

#[derive(Debug, thiserror::Error)]
enum JudgeError {
    #[error(transparent)]
    Bundle(#[from] DumpError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// Reads a bundle, judges it, prints the text and writes the report's files.
pub(super) fn command(folder: &Path, out: Option<&Path>, rules: Option<&str>, console: &Console) -> Exit {
    match judged(folder, out, rules.unwrap_or("bundle"), console) {
        Ok(exit) => exit,
        Err(error) => {
            let hint = match &error {
                JudgeError::Bundle(error) => error.hint(),
                JudgeError::Rules(_) => "give --rules current to judge by the rules of this program".to_owned(),
                JudgeError::Output(_) => "give --out a folder that can be written".to_owned(),
            };
            console.error(&error, &hint);
            Exit::BadInput
        }
    }
}

fn judged(folder: &Path, out: Option<&Path>, rules: &str, console: &Console) -> Result<Exit, JudgeError> {
    let bundle = bundle::read(folder)?;
    let book = match rules {
        "bundle" => RuleBook::from_files("the bundle", texts(&bundle))?,
        "current" => RuleBook::built_in()?,
        other => RuleBook::from_folder(Path::new(other))?,
    };
    let report = judge(&bundle.evidence, &book.rules, tool());
    if let Some(out) = out {
        write_report(out, &report)?;
    }
    console.data(&text(&report));
    Ok(report.conclusion.into())
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
