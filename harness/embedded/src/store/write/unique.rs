//! Names and identities that nobody had before.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

/// Letters that make no words (kubernetes/kubernetes:staging/src/k8s.io/apimachinery/pkg/util/rand/rand.go).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The longest prefix of a generated name
/// (kubernetes/kubernetes:staging/src/k8s.io/apiserver/pkg/storage/names/generate.go).
const PREFIX: usize = 58;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Makes a uid in the form of a random UUID.
pub(super) fn uid() -> String {
    let (high, low) = (random(), random());
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    let text = format!("{high:016x}{low:016x}");
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Makes a name of a prefix and five letters.
pub(super) fn name(prefix: &str) -> String {
    let mut name: String = prefix.chars().take(PREFIX).collect();
    let mut rest = random();
    for _ in 0..5 {
        let at = rest % LETTERS.len() as u64;
        rest /= LETTERS.len() as u64;
        name.push(char::from(LETTERS[usize::try_from(at).unwrap_or_default()]));
    }
    name
}

/// Draws a number: the hash of a counter under keys that the standard library draws from the system.
fn random() -> u64 {
    RandomState::new().hash_one(COUNTER.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn uids_are_uuids_and_differ() {
        let uids: BTreeSet<String> = (0..1000).map(|_| uid()).collect();
        assert_eq!(uids.len(), 1000);
        for uid in uids {
            assert_eq!(uid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uid}");
            assert_eq!(&uid[14..15], "4", "{uid}");
        }
    }
}
