//! Taking secrets out of a dump.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::config_dump::{EXPECTED, envoy_error};
use crate::{DumpError, json};

/// What stands where a secret was.
const BLANK: &[u8] = b"\"[redacted]\"";

/// The sections that never enter a bundle: Envoy's secrets, and its bootstrap, whose node metadata repeats the pod's
/// annotations and proxyMetadata, which are the user's own words and may hold anything.
const LEFT_OUT: [&str; 2] = [".SecretsConfigDump", ".BootstrapConfigDump"];

/// Returns a `config_dump` without its secrets and bootstrap sections, ready for a bundle. All other bytes stay as they are, but for strings
/// below a key such as `private_key` or `password`, and strings that are a private key (PEM, bare or in base64) or a JSON Web Token: each becomes
/// `"[redacted]"`. Certificates and names of secrets stay. One pass; memory beside the input is the output.
///
/// # Errors
/// As [`super::config_dump()`] for empty, foreign and truncated input and Envoy's own error. A dump without secrets is no error.
pub fn redact(bytes: &[u8], place: &str) -> Result<Vec<u8>, DumpError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Dump<'a> {
        #[serde(borrow)]
        configs: Option<Vec<&'a RawValue>>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Tag<'a> {
        #[serde(borrow, rename = "@type")]
        kind: Cow<'a, str>,
    }
    if let Some(message) = envoy_error(bytes) {
        return Err(DumpError::Envoy { place: place.to_owned(), message });
    }
    let dump: Dump<'_> = json::object(bytes, place, EXPECTED)?;
    let Some(sections) = dump.configs else { return Err(json::foreign(bytes, place, EXPECTED)) };
    let mut clean = Vec::with_capacity(bytes.len());
    let mut copied = 0;
    let mut kept_any = false;
    for (index, section) in sections.iter().enumerate() {
        let span = span_of(bytes, section.get());
        if index == 0 {
            blank(&bytes[..span.start], &mut clean);
            copied = span.start;
        }
        let tag: Tag<'_> = json::object(section.get().as_bytes(), &format!("{place} configs[{index}]"), EXPECTED)?;
        if LEFT_OUT.iter().any(|section| tag.kind.ends_with(section)) {
            copied = span.end;
            continue;
        }
        // The comma before the first that is kept goes with the one that was not.
        let from = if kept_any || index == 0 { copied } else { span.start };
        kept_any = true;
        blank(&bytes[from..span.end], &mut clean);
        copied = span.end;
    }
    blank(&bytes[copied..], &mut clean);
    Ok(clean)
}

/// Finds a slice of the input inside the input.
fn span_of(bytes: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - bytes.as_ptr().addr();
    start..start + part.len()
}

/// Copies JSON and blanks what looks like a secret. The input is a stretch of valid JSON that begins and ends outside of strings.
fn blank(json: &[u8], clean: &mut Vec<u8>) {
    let mut copied = 0;
    let mut at = 0;
    // Set by a telling key: the depth below it. Every string is blanked until its value has ended.
    let mut below: Option<usize> = None;
    while let Some(skipped) = json[at..].iter().position(|byte| *byte == b'"') {
        let start = at + skipped;
        below = below.and_then(|depth| depth_after(depth, &json[at..start]));
        at = start + string_length(&json[start..]);
        let text = &json[start..at];
        if json[at..].trim_ascii_start().first() == Some(&b':') {
            if below.is_none() && is_telling(text) {
                below = Some(0);
            }
        } else if below.is_some() || is_secret(text) {
            clean.extend_from_slice(&json[copied..start]);
            clean.extend_from_slice(BLANK);
            copied = at;
        }
    }
    clean.extend_from_slice(&json[copied..]);
}

/// Follows the depth through what stands between two strings; `None` once the value below the telling key has ended.
fn depth_after(mut depth: usize, between: &[u8]) -> Option<usize> {
    for byte in between {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return None,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => return None,
            _ => {}
        }
    }
    Some(depth)
}

/// Measures a string with both of its quotes.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Tells whether a key, with its quotes, holds a secret: the fields that Envoy's API marks as sensitive, in both spellings.
fn is_telling(key: &[u8]) -> bool {
    const TELLING: [&[u8]; 9] = [
        b"privatekey",
        b"privatekeyprovider",
        b"password",
        b"authpassword",
        b"sessionticketkeys",
        b"genericsecret",
        b"secretaccesskey",
        b"sessiontoken",
        b"clientsecret",
    ];
    TELLING.iter().any(|telling| {
        let letters = key.iter().filter(|byte| !matches!(byte, b'"' | b'_')).map(u8::to_ascii_lowercase);
        letters.eq(telling.iter().copied())
    })
}

/// Tells whether a string, with its quotes, is a secret by its form.
fn is_secret(text: &[u8]) -> bool {
    // `-----BEGIN ` in base64; a certificate goes on as `CERT`.
    const PEM: &[u8] = b"LS0tLS1CRUdJTi";
    const CERTIFICATE: &[u8] = b"LS0tLS1CRUdJTiBDRVJU";
    let bare = text.strip_prefix(b"\"").unwrap_or(text);
    let holds = |needle: &[u8]| text.windows(needle.len()).any(|window| window == needle);
    (bare.starts_with(PEM) && !bare.starts_with(CERTIFICATE))
        || (bare.len() > 64 && bare.starts_with(b"eyJ") && bare.iter().filter(|byte| **byte == b'.').count() == 2)
        || (text.len() > 64 && holds(b"PRIVATE KEY-----"))
}
