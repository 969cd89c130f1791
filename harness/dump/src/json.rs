//! Reading one JSON document, with the place of every mistake.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::DumpError;

/// Parses a document that is one object; strings are borrowed from it where they hold no escapes.
///
/// # Errors
/// [`DumpError::Empty`], [`DumpError::Foreign`] for what is no object, [`DumpError::Truncated`], [`DumpError::Json`].
pub(crate) fn object<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    place: &str,
    expected: &'static str,
) -> Result<T, DumpError> {
    parse(b'{', bytes, place, expected)
}

/// Parses a document that is one array.
///
/// # Errors
/// As [`object`].
pub(crate) fn array<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    place: &str,
    expected: &'static str,
) -> Result<Vec<T>, DumpError> {
    parse(b'[', bytes, place, expected)
}

/// The first byte is checked apart, because serde would read a struct from an array, too.
fn parse<'a, T: Deserialize<'a>>(
    open: u8,
    bytes: &'a [u8],
    place: &str,
    expected: &'static str,
) -> Result<T, DumpError> {
    match bytes.trim_ascii_start().first() {
        None => Err(DumpError::Empty { place: place.to_owned(), expected }),
        Some(first) if *first == open => {
            serde_json::from_slice(bytes).map_err(|error| describe(&error, bytes, place, expected))
        }
        Some(_) => Err(foreign(bytes, place, expected)),
    }
}

/// Makes the error for a document that is something else, and says what it is.
pub(crate) fn foreign(bytes: &[u8], place: &str, expected: &'static str) -> DumpError {
    DumpError::Foreign { place: place.to_owned(), expected, found: name_it(bytes) }
}

/// Reads the `kind` of a Kubernetes object, whatever else is in it; `None` where it has none.
pub(crate) fn kind(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Outline>(bytes).ok()?.kind
}

/// Makes the error for what serde refused.
fn describe(error: &serde_json::Error, bytes: &[u8], place: &str, expected: &'static str) -> DumpError {
    let (line, column) = (error.line(), error.column());
    let place = place.to_owned();
    if error.is_eof() {
        return DumpError::Truncated { place, expected, line, column, bytes: bytes.len() };
    }
    DumpError::Json { place, expected, line, column, why: why(error) }
}

/// Returns serde's words without the position, which the error says itself.
pub(crate) fn why(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let position = format!(" at line {} column {}", error.line(), error.column());
    words.strip_suffix(&position).unwrap_or(&words).to_owned()
}

/// Says in words what a document is.
fn name_it(bytes: &[u8]) -> String {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"<") {
        return "an HTML or XML page".to_owned();
    }
    if start.starts_with(b"[") {
        return "a JSON array".to_owned();
    }
    match serde_json::from_slice::<Outline>(bytes) {
        Ok(outline) => outline.to_string(),
        Err(_) => {
            let text = String::from_utf8_lossy(start.get(..start.len().min(240)).unwrap_or_default()).into_owned();
            let line: String = text.lines().next().unwrap_or_default().chars().take(60).collect();
            format!("text that begins `{}`", line.escape_debug())
        }
    }
}

/// The keys of an object, and its Kubernetes kind where it has one.
#[derive(Default)]
struct Outline {
    kind: Option<String>,
    keys: Vec<String>,
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Outline;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
                let mut outline = Outline::default();
                while let Some(key) = map.next_key::<Cow<'_, str>>()? {
                    if key == "kind" {
                        outline.kind = map.next_value::<Word>()?.0;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                    if outline.keys.len() < 4 {
                        outline.keys.push(key.into_owned());
                    }
                }
                Ok(outline)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

impl fmt::Display for Outline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Some(kind) => write!(f, "a Kubernetes object of kind `{}`", kind.escape_debug()),
            None if self.keys.is_empty() => f.write_str("an empty JSON object"),
            None => {
                let keys: Vec<String> = self.keys.iter().map(|key| key.escape_debug().to_string()).collect();
                write!(f, "another JSON object, with the keys `{}`", keys.join("`, `"))
            }
        }
    }
}

/// A string, or anything else as nothing.
struct Word(Option<String>);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

/// Reads `null` as the default: Go prints a nil slice or map so.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A whole number as JSON number or, as protobuf prints 64 bits, as string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, bare or as a string")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
                text.parse().map(Number).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Either)
    }
}
