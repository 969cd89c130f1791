//! The answers of a node, one behind the other.

/// One answer: what a command on the node wrote about a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer<'a> {
    /// `<namespace>/<name>`.
    pub(super) pod: &'a str,
    /// The file of the bundle that it is for.
    pub(super) file: &'a str,
    /// The command's exit status.
    pub(super) status: i32,
    /// What it wrote to standard output.
    pub(super) stdout: &'a [u8],
    /// What it wrote to standard error.
    pub(super) stderr: &'a [u8],
}

/// Takes the stream apart as `node.sh` puts it together. The flag tells whether it ended behind an answer; where it did not, what broke off is left out.
pub(super) fn answers(mut bytes: &[u8]) -> (Vec<Answer<'_>>, bool) {
    let mut answers = Vec::new();
    while !bytes.is_empty() {
        let Some((answer, rest)) = next(bytes) else { return (answers, false) };
        answers.push(answer);
        bytes = rest;
    }
    (answers, true)
}

fn next(bytes: &[u8]) -> Option<(Answer<'_>, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (heading, behind) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let words: Vec<&str> = std::str::from_utf8(heading).ok()?.split(' ').collect();
    let ["dualproof", pod, file, status, length, errors] = words.as_slice() else { return None };
    let (stdout, behind) = behind.split_at_checked(length.parse().ok()?)?;
    let (stderr, rest) = behind.split_at_checked(errors.parse().ok()?)?;
    Some((Answer { pod, file, status: status.parse().ok()?, stdout, stderr }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] = b"dualproof a/b iptables-save 0 9 3\ndualproofbad\
        dualproof a/b addr.json 127 0 0\ndualproof c/d nft.json 0 2 0\n{}";

    #[test]
    fn each_answer_is_found_whatever_it_holds() {
        let (found, whole) = answers(STREAM);
        assert!(whole);
        let seen: Vec<_> = found.iter().map(|answer| (answer.pod, answer.file, answer.status, answer.stdout)).collect();
        let expected: [(&str, &str, i32, &[u8]); 3] =
            [("a/b", "iptables-save", 0, b"dualproof"), ("a/b", "addr.json", 127, b""), ("c/d", "nft.json", 0, b"{}")];
        assert_eq!(seen, expected);
        assert_eq!(found[0].stderr, b"bad");
    }

    #[test]
    fn a_stream_that_breaks_off_keeps_what_was_whole() {
        for at in 1..STREAM.len() {
            let (found, whole) = answers(&STREAM[..at]);
            let ends = answers(STREAM).0.iter().zip(&found).all(|(whole, found)| whole == found);
            assert!(ends, "cut at {at}: {found:?}");
            assert_eq!(whole, [46, 78].contains(&at), "cut at {at}: {found:?}");
        }
        assert_eq!(answers(b"Error: no such container\n"), (Vec::new(), false));
        assert_eq!(answers(b""), (Vec::new(), true));
    }
}
