//! The seal of an answer: a changed byte is seen, also one of a field that nothing else tells of.

use std::fmt;

/// What stands between an answer's own fields and the digits of its seal.
const MARK: &str = ",\"seal\":\"";

/// Why a line is not what a server wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealError {
    /// It has no seal: it is cut, or another program's.
    Absent,
    /// It was changed after it was sealed.
    Broken,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "it has no seal, so it is cut or another program's",
            Self::Broken => "its seal does not fit, so it was changed on its way",
        })
    }
}

impl std::error::Error for SealError {}

/// Seals an answer, a JSON object without its line's end: the last field is then `seal`, the CRC-32 (ISO 3309) of the object without it,
/// in eight digits. What is no object stays as it is.
#[must_use]
pub fn seal(answer: &str) -> String {
    match answer.strip_suffix('}') {
        Some(open) => format!("{open}{MARK}{}\"}}", digits(answer)),
        None => answer.to_owned(),
    }
}

/// Takes the seal off a line, and returns the object that was sealed.
///
/// # Errors
///
/// [`SealError`]: any one changed byte is found, and any change of up to four bytes in a row.
pub fn unseal(line: &str) -> Result<String, SealError> {
    let sealed = line.strip_suffix("\"}").and_then(|line| line.rsplit_once(MARK));
    let (open, seal) = sealed.ok_or(SealError::Absent)?;
    let answer = format!("{open}}}");
    if digits(&answer) == seal { Ok(answer) } else { Err(SealError::Broken) }
}

fn digits(answer: &str) -> String {
    format!("{:08x}", crc32fast::hash(answer.as_bytes()))
}
