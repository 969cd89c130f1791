//! Strict YAML: the one place that reads what people write, with the place of every mistake.

use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;

/// A mistake in a file that people write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", position(.line, .column))]
pub struct SpecError {
    /// The file, as the reader named it.
    pub file: String,
    /// The line, from 1; 0 when the mistake has no place.
    pub line: u64,
    /// The column, from 1; 0 when the mistake has no place.
    pub column: u64,
    /// The mistake: the key, and what is allowed.
    pub what: String,
}

impl SpecError {
    /// Makes an error about a value that was read well and means nothing.
    #[must_use]
    pub fn at<T>(file: &str, value: &Spanned<T>, what: impl Into<String>) -> Self {
        let location = value.referenced;
        Self { file: file.to_owned(), line: location.line(), column: location.column(), what: what.into() }
    }

    /// Makes an error about a whole file.
    #[must_use]
    pub fn whole(file: &str, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, what: what.into() }
    }
}

/// Reads one YAML document. Unknown keys, wrong types and keys given twice are errors.
///
/// # Errors
/// With the file, the line, the column, the key and what is allowed there. Unused anchors are no error.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, SpecError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let plain = error.without_snippet();
        let (line, column) = plain.location().map_or((0, 0), |location| (location.line(), location.column()));
        SpecError { file: file.to_owned(), line, column, what: describe(plain) }
    })
}

fn describe(error: &serde_saphyr::Error) -> String {
    match error {
        serde_saphyr::Error::SerdeUnknownField { field, expected, .. } => {
            format!("unknown key `{field}`: allowed are {}", expected.join(", "))
        }
        serde_saphyr::Error::SerdeUnknownVariant { variant, expected, .. } => {
            format!("unknown value `{variant}`: allowed are {}", expected.join(", "))
        }
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => match key {
            Some(key) => format!("key `{key}` is given twice"),
            None => "a key is given twice".to_owned(),
        },
        other => other.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

fn position(line: &u64, column: &u64) -> String {
    if *line == 0 { String::new() } else { format!(":{line}:{column}") }
}
