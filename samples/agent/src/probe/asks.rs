//! Reads what to call, all of it before the first call.

use std::collections::HashSet;
use std::io::BufRead;

use dualproof_wire::{Ask, Destination};

use super::ProbeError;
use crate::lookup::looks_like_a_name;

/// The longest text that a call may send after its token.
const LONGEST_PAYLOAD: u64 = 1024 * 1024;

/// The longest deadline: one day.
const LONGEST_DEADLINE: u64 = 24 * 60 * 60 * 1000;

/// Reads calls, one JSON object a line; empty lines are none.
///
/// # Errors
///
/// [`ProbeError::Line`] for the first line that is no call or repeats an id, [`ProbeError::Read`] when the input breaks off.
pub fn read(input: impl BufRead) -> Result<Vec<Ask>, ProbeError> {
    let mut asks = Vec::new();
    let mut ids = HashSet::new();
    for (number, line) in input.split(b'\n').enumerate() {
        let line = line.map_err(|source| ProbeError::Read { source })?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let wrong = |what: String| ProbeError::Line { line: number + 1, what };
        let ask: Ask = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        check(&ask).map_err(wrong)?;
        if !ids.insert(ask.id.clone()) {
            return Err(wrong(format!("the id `{}` is there twice", ask.id)));
        }
        asks.push(ask);
    }
    Ok(asks)
}

/// Tells whether a call has a name to look up.
#[must_use]
pub fn needs_names(asks: &[Ask]) -> bool {
    asks.iter().any(|ask| matches!(ask.to, Destination::Name { .. }))
}

fn check(ask: &Ask) -> Result<(), String> {
    if ask.token.is_empty() || !ask.token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("the token `{}` is not printable ASCII without spaces", ask.token.escape_debug()));
    }
    if ask.payload > LONGEST_PAYLOAD {
        return Err(format!("a payload of {} bytes is more than {LONGEST_PAYLOAD}", ask.payload));
    }
    if ask.deadline_millis == 0 || ask.deadline_millis > LONGEST_DEADLINE {
        return Err(format!("a deadline of {} ms is not between 1 and {LONGEST_DEADLINE}", ask.deadline_millis));
    }
    match &ask.to {
        Destination::Name { name, .. } if !looks_like_a_name(name) => {
            Err(format!("`{}` is no name of the DNS", name.escape_debug()))
        }
        Destination::Name { .. } | Destination::Address(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"1","token":"t","to":{"address":"[::1]:80"},"protocol":"tcp","deadlineMillis":9}"#;

    fn error(text: &str) -> String {
        read(text.as_bytes()).map_or_else(|error| error.to_string(), |asks| format!("{} calls", asks.len()))
    }

    #[test]
    fn a_line_that_is_no_call_is_named() {
        assert_eq!(error(&format!("{GOOD}\n\n")), "1 calls");
        assert_eq!(error(&format!("{GOOD}\n\n{GOOD}")), "line 3 of standard input: the id `1` is there twice");
        assert!(error(&format!("{GOOD}\nnonsense")).starts_with("line 2 of standard input: expected ident"));
        for (from, to) in [
            ("\"t\"", "\"t t\""),
            ("\"t\"", "\"\""),
            (":9}", ":0}"),
            (":9}", ":9,\"payload\":1048577}"),
            (":9}", ":9,\"more\":1}"),
            ("[::1]:80", "::1"),
            ("{\"address\":\"[::1]:80\"}", "{\"name\":{\"name\":\"a..b\",\"port\":1,\"records\":\"a\"}}"),
        ] {
            let changed = GOOD.replace(from, to);
            assert_ne!(changed, GOOD);
            assert!(error(&changed).starts_with("line 1 of standard input: "), "{changed}");
        }
        assert!(matches!(read([0xff, b'\n'].as_slice()), Err(ProbeError::Line { line: 1, .. })));
    }
}
