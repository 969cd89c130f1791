//! A proxy's raw log: our lines of its access log, and what of them cannot be read.

use dualproof_model::evidence::{AccessLogLine, Missing, PodRef};

/// What a proxy's log holds.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) lines: Vec<AccessLogLine>,
    pub(super) missing: Vec<Missing>,
}

/// Reads a log line by line. Lines that are not ours are skipped: the proxy and its agent write into the same log. One that is
/// meant to be ours and cannot be read is missing, by its number.
pub(super) fn read(bytes: &[u8], pod: &PodRef, place: &str) -> Read {
    let mut read = Read::default();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let what = format!("{place}#L{}", index + 1);
        match AccessLogLine::parse(pod, &String::from_utf8_lossy(line), &what) {
            Ok(line) => read.lines.extend(line),
            Err(error) => read.missing.push(Missing { what, why: error.to_string() }),
        }
    }
    read
}
