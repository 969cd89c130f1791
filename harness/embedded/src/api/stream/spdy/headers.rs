//! Headers: one zlib stream for the whole session, with a dictionary.

use std::collections::BTreeMap;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

use super::dictionary::dictionary;

/// The head of a zlib stream that names its dictionary: two bytes, and four of the dictionary's checksum.
const HEAD: usize = 6;

/// The most that all headers of a session may come to.
const LIMIT: usize = 1024 * 1024;

/// No headers, as the first block of a session's other direction: the head of a zlib stream without a dictionary, a stored block that says
/// "none", and an empty one, at which the reader hands out what it has.
pub(super) const NONE_FIRST: [u8; 16] = [0x78, 0x01, 0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// As [`NONE_FIRST`], after it.
pub(super) const NONE_NEXT: [u8; 14] = [0, 4, 0, 0xfb, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/// Reads the headers of a session.
pub(super) struct Headers {
    inflate: Box<DecompressorOxide>,
    /// The dictionary and all that was read: what is to come refers to it.
    window: Vec<u8>,
    end: usize,
    started: bool,
}

impl Headers {
    pub(super) fn new() -> Self {
        let window = dictionary();
        let end = window.len();
        Self { inflate: Box::default(), window, end, started: false }
    }

    /// Reads one block; `None` when it is none.
    pub(super) fn read(&mut self, mut block: &[u8]) -> Option<BTreeMap<String, String>> {
        if !self.started {
            block = block.get(HEAD..)?;
            self.started = true;
        }
        let start = self.end;
        loop {
            if self.window.len() < self.end + 4096 {
                self.window.resize(self.end + 8192, 0);
            }
            if self.end > LIMIT {
                return None;
            }
            let flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
            let (status, read, written) = decompress(&mut self.inflate, block, &mut self.window, self.end, flags);
            self.end += written;
            block = block.get(read..)?;
            match status {
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput | TINFLStatus::Done => break,
                _ => return None,
            }
        }
        pairs(self.window.get(start..self.end)?)
    }
}

fn pairs(mut bytes: &[u8]) -> Option<BTreeMap<String, String>> {
    let count = number(&mut bytes)?;
    let mut found = BTreeMap::new();
    for _ in 0..count {
        let (name, value) = (text(&mut bytes)?, text(&mut bytes)?);
        found.insert(name, value);
    }
    Some(found)
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(String::from_utf8_lossy(text).into_owned())
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    let (four, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_be_bytes(*four))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(pairs: &[(&str, &str)]) -> Vec<u8> {
        let mut plain = u32::try_from(pairs.len()).unwrap_or_default().to_be_bytes().to_vec();
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            plain.extend(u32::try_from(text.len()).unwrap_or_default().to_be_bytes());
            plain.extend(text.bytes());
        }
        let length = u16::try_from(plain.len()).unwrap_or_default();
        let mut block = vec![0];
        block.extend(length.to_le_bytes());
        block.extend((!length).to_le_bytes());
        block.extend(plain);
        block
    }

    /// Two blocks as zlib itself compresses them with the dictionary, the second by what the first has left.
    #[test]
    fn compressed_blocks_refer_to_the_dictionary_and_to_each_other() {
        let bytes = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).filter_map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
        };
        let blocks = [
            "78f9e3c6a7c202253a48f95b044aabac86c070370032388b201196094ac88c06e0a45852949a980b2d6d5853417101000000ffff",
            "225737a8ac4a04000000ffff",
        ];
        let mut headers = Headers::new();
        for (block, kind) in blocks.into_iter().zip(["error", "data"]) {
            let read = headers.read(&bytes(block)).unwrap_or_default();
            let pairs = [("port", "15000"), ("requestid", "0"), ("streamtype", kind)];
            assert_eq!(read, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        }
    }

    #[test]
    fn blocks_follow_each_other_in_one_stream() {
        let mut headers = Headers::new();
        let mut first = vec![0x78, 0xbb, 0xe3, 0xc6, 0xa7, 0xc2];
        first.extend(stored(&[("streamtype", "error"), ("port", "80")]));
        let read = headers.read(&first).unwrap_or_default();
        assert_eq!(read.get("streamtype").map(String::as_str), Some("error"));
        let read = headers.read(&stored(&[("streamtype", "data")])).unwrap_or_default();
        assert_eq!(read, BTreeMap::from([("streamtype".to_owned(), "data".to_owned())]));
        assert_eq!(headers.read(&[0xff, 0xff, 0xff]), None);
    }
}
