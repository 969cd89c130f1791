//! JSON Lines.

use serde::de::DeserializeOwned;

use crate::{DumpError, json};

/// Reads one value a line. A file that ends between two lines is whole: a run that was stopped leaves such a file. An empty file has no values.
///
/// # Errors
/// For a line that is none, and for a last line without its end, which was cut. Line and column are those of the file.
pub(super) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    place: &str,
    expected: &'static str,
) -> Result<Vec<T>, DumpError> {
    let mut values = Vec::new();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if !line.ends_with(b"\n") {
            return Err(DumpError::Truncated {
                place: place.to_owned(),
                expected,
                line: index + 1,
                column: line.len() + 1,
                bytes: bytes.len(),
            });
        }
        values.push(serde_json::from_slice(line).map_err(|error| DumpError::Json {
            place: place.to_owned(),
            expected,
            line: index + 1,
            column: error.column(),
            why: json::why(&error),
        })?);
    }
    Ok(values)
}
