//! What a socket says about itself and the one who asked.

use std::net::SocketAddr;
use std::sync::Arc;

use dualproof_wire::{Answer, Bind, Protocol, seal};

use crate::address::canonical;
use crate::serve::Identity;

/// The longest token that is repeated.
const LONGEST_TOKEN: usize = 1024;

/// One socket's part of every answer.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Witness {
    /// Who answers.
    pub(in crate::serve) identity: Arc<Identity>,
    /// What the socket is bound to.
    pub(in crate::serve) bind: Bind,
    /// Its port.
    pub(in crate::serve) port: u16,
}

/// The two ends of a connection, and its number.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Ends {
    /// The server's.
    pub(super) local: SocketAddr,
    /// The client's.
    pub(super) peer: SocketAddr,
    /// The connection's number on its socket, from 1.
    pub(super) connection: u64,
}

impl Witness {
    /// Writes the answer as one sealed JSON line with its end.
    pub(super) fn line(&self, protocol: Protocol, ends: Ends, token: Option<&str>) -> Vec<u8> {
        let Identity { run, pod, uid, namespace, node, service_account } = (*self.identity).clone();
        let answer = Answer {
            run,
            pod,
            uid,
            namespace,
            node,
            service_account,
            local: canonical(ends.local),
            peer: canonical(ends.peer),
            bind: self.bind,
            port: self.port,
            protocol,
            connection: ends.connection,
            token: token.map(str::to_owned),
        };
        // Strings, numbers and addresses always have a JSON form; an empty line would be no answer, and the connection says so.
        let mut line = seal(&serde_json::to_string(&answer).unwrap_or_default());
        line.push('\n');
        line.into_bytes()
    }
}

/// Takes the token, the first word, from what a client sent; none when there is none that could be a token.
pub(super) fn token(sent: &[u8]) -> Option<&str> {
    let sent = sent.strip_suffix(b"\r").unwrap_or(sent);
    let word = sent.split(|byte| *byte == b' ').next()?;
    let is_token = !word.is_empty() && word.len() <= LONGEST_TOKEN && word.iter().all(u8::is_ascii_graphic);
    if is_token { std::str::from_utf8(word).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_first_word_and_must_be_printable() {
        assert_eq!(token(b"t-1 xxxx"), Some("t-1"));
        assert_eq!(token(b"t-1\r"), Some("t-1"));
        for bad in [b"".as_slice(), b" t", b"a\tb", b"a\0", "\u{e9}".as_bytes(), &[b'a'; LONGEST_TOKEN + 1]] {
            assert_eq!(token(bad), None, "{bad:?}");
        }
    }
}
