//! Lines by which programs of ours say that they can be called.

use std::sync::Arc;

use serde_json::Value;

use crate::node::Proxies;
use crate::node::image::Program;

/// The options of `agent serve` that open a socket each.
const SOCKETS: [&str; 4] = ["--tcp", "--server-first", "--http", "--udp"];

/// What is waited for in a log.
#[derive(Clone)]
pub(in crate::node::container) struct Awaited {
    line: Line,
    left: usize,
}

#[derive(Clone)]
enum Line {
    /// The agent's: JSON that tells of a socket.
    Bound,
    /// The sample server's own words.
    Listening,
    /// What the mesh knows of its sidecars.
    Proxy(Arc<dyn Proxies>),
}

impl Awaited {
    /// Returns what is waited for; `None` where the program says nothing.
    pub(in crate::node::container) fn of(
        program: &Program,
        words: &[String],
        proxies: &Arc<dyn Proxies>,
    ) -> Option<Self> {
        let is = |name: &str| words.first().is_some_and(|word| word.rsplit('/').next() == Some(name));
        let (line, left) = match program {
            Program::Proxy => (Line::Proxy(Arc::clone(proxies)), 1),
            Program::TcpEcho if is("tcp-echo") => (Line::Listening, words.get(1)?.split(',').count()),
            Program::Agent if is("agent") && words.get(1).is_some_and(|word| word == "serve") => {
                let opens = |word: &&String| {
                    let option = word.split_once('=').map_or(word.as_str(), |(option, _)| option);
                    SOCKETS.contains(&option)
                };
                (Line::Bound, words.iter().filter(opens).count())
            }
            _ => return None,
        };
        (left > 0).then_some(Self { line, left })
    }

    /// Reads a line; tells whether it was the last one that was waited for.
    pub(in crate::node::container) fn read(&mut self, line: &[u8]) -> bool {
        let is_one = match &self.line {
            Line::Bound => {
                line.starts_with(b"{")
                    && serde_json::from_slice::<Value>(line).is_ok_and(|line| line.get("service").is_some())
            }
            Line::Listening => line.starts_with(b"listening on "),
            Line::Proxy(proxies) => proxies.is_ready_line(&String::from_utf8_lossy(line)),
        };
        if is_one {
            self.left = self.left.saturating_sub(1);
        }
        is_one && self.left == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NoProxies;

    fn read(program: &Program, words: &[&str], lines: &[&str]) -> Option<Vec<bool>> {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let proxies: Arc<dyn Proxies> = Arc::new(NoProxies);
        let mut awaited = Awaited::of(program, &words, &proxies)?;
        Some(lines.iter().map(|line| awaited.read(line.as_bytes())).collect())
    }

    #[test]
    fn a_server_is_ready_with_its_last_socket() {
        let bound = r#"{"service":"tcp","bind":"dual","address":"[::]:9000"}"#;
        let words = ["/agent", "serve", "--tcp", "dual:9000", "--udp=dual:9053", "--idle", "5"];
        assert_eq!(read(&Program::Agent, &words, &[bound, "{}", "word", bound]), Some(vec![false, false, false, true]));
        let lines = ["listening on [::]:1, prefix: x", "request: listening on ", "listening on [::]:2, prefix: x"];
        assert_eq!(read(&Program::TcpEcho, &["tcp-echo", "1,2", "x"], &lines), Some(vec![false, false, true]));
    }

    #[test]
    fn others_are_ready_when_they_run() {
        for words in [&["agent", "probe"][..], &["agent", "serve"], &["sh", "-c", "agent serve --tcp dual:1"], &[]] {
            assert_eq!(read(&Program::Agent, words, &[]), None, "{words:?}");
        }
        assert_eq!(read(&Program::Host(&[]), &["agent", "serve", "--tcp", "dual:1"], &[]), None);
    }
}
