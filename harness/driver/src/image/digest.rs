//! Digests as images spell them: `sha256:` and 64 hexadecimal digits.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

const PREFIX: &str = "sha256:";

/// Computes the digest of bytes.
pub(super) fn of(bytes: &[u8]) -> String {
    spelled(&Sha256::digest(bytes))
}

/// Reads to the end. Returns the digest of it all, and the bytes themselves where they are no more than `keep`.
pub(super) fn of_stream(mut from: impl Read, keep: usize) -> io::Result<(String, Option<Vec<u8>>)> {
    let (mut digest, mut kept, mut buffer) = (Sha256::new(), Some(Vec::new()), vec![0; 64 << 10]);
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok((spelled(&digest.finalize()), kept)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = &buffer[..length];
        digest.update(bytes);
        kept = kept.filter(|kept| kept.len() + length <= keep);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(bytes);
        }
    }
}

/// Returns the digits of a digest; `None` when it is none.
pub(super) fn digits(digest: &str) -> Option<&str> {
    digest.strip_prefix(PREFIX).filter(|digits| are_digits(digits))
}

/// Tells whether text is 64 hexadecimal digits in lower case, as the OCI image specification asks (descriptor.md).
pub(super) fn are_digits(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn spelled(digest: &[u8]) -> String {
    digest.iter().fold(PREFIX.to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_the_digest_of_its_bytes_and_is_kept_up_to_the_limit() -> io::Result<()> {
        // FIPS 180-2, appendix B.1.
        let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(b"abc"), abc);
        assert_eq!(of_stream(&b"abc"[..], 3)?, (abc.to_owned(), Some(b"abc".to_vec())));
        assert_eq!(of_stream(&b"abc"[..], 2)?, (abc.to_owned(), None));
        assert_eq!(digits(abc).map(str::len), Some(64));
        assert_eq!(digits(&abc.to_uppercase()), None);
        Ok(())
    }
}
