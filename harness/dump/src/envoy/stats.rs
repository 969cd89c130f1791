//! `/stats`.

use std::collections::BTreeMap;

use crate::{DumpError, json};

/// Parses the text form of `/stats`: `name: value` lines. Counters and gauges are returned; histograms and text read-outs are skipped.
///
/// # Errors
/// For empty input (Envoy's answer to a filter that nothing matches is empty, too: do not keep it), JSON and HTML, a last line without its
/// end, and a line of another form. `field` is the line.
pub fn stats(bytes: &[u8], place: &str) -> Result<BTreeMap<String, u64>, DumpError> {
    const EXPECTED: &str = "Envoy's /stats as text";
    const LINE: &str = "a `name: value` line of Envoy's /stats";
    let start = bytes.trim_ascii_start();
    match start.first() {
        None => return Err(DumpError::Empty { place: place.to_owned(), expected: EXPECTED }),
        Some(b'{' | b'[' | b'<') => return Err(json::foreign(bytes, place, EXPECTED)),
        Some(_) => {}
    }
    let mut counters = BTreeMap::new();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let text = String::from_utf8_lossy(line);
        let refused = || DumpError::Value {
            place: place.to_owned(),
            field: format!("line {}", index + 1),
            value: text.trim_end().chars().take(120).collect::<String>().escape_debug().to_string(),
            expected: LINE,
        };
        if !line.ends_with(b"\n") {
            return Err(DumpError::Truncated {
                place: place.to_owned(),
                expected: EXPECTED,
                line: index + 1,
                column: line.len() + 1,
                bytes: bytes.len(),
            });
        }
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        let (name, value) = text.rsplit_once(": ").ok_or_else(refused)?;
        if let Ok(number) = value.parse() {
            counters.insert(name.to_owned(), number);
        } else if !is_no_number(text) {
            return Err(refused());
        }
    }
    Ok(counters)
}

/// A histogram (`name: P0(nan,0) P25(…`, `name: No recorded values`) or a text read-out (`name: "text"`).
fn is_no_number(line: &str) -> bool {
    line.split_once(": ").is_some_and(|(_, value)| {
        value.starts_with("P0(") || value == "No recorded values" || (value.len() > 1 && value.starts_with('"'))
    })
}
