//! `resolv.conf`, as resolv.conf(5) has it.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::LookupError;

/// What a pod's `resolv.conf` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conf {
    /// The first resolver.
    pub resolver: IpAddr,
    /// The search domains, in their order.
    pub search: Vec<String>,
    /// How many dots a name needs to be asked as it is before the search domains.
    pub ndots: usize,
    /// How long to wait before a question is sent again.
    pub timeout: Duration,
    /// How often a question is sent.
    pub attempts: u32,
}

impl Conf {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`LookupError`] when it cannot be read, a line of it is wrong, or it names no resolver. Keywords and options that are not
    /// needed here are none.
    pub fn read(path: &Path) -> Result<Self, LookupError> {
        let text = fs::read_to_string(path).map_err(|source| LookupError::Read { path: path.to_owned(), source })?;
        Self::parse(&text, path.to_owned())
    }

    fn parse(text: &str, path: PathBuf) -> Result<Self, LookupError> {
        let mut resolver = None;
        let (mut search, mut ndots, mut timeout, mut attempts) = (Vec::new(), 1, 5, 2);
        for (number, line) in text.lines().enumerate() {
            let wrong = |what| LookupError::Line { path: path.clone(), line: number + 1, what };
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") => {
                    let word = words.next().unwrap_or_default();
                    let ip = word.parse().map_err(|_| wrong(format!("`{word}` is no address of a resolver")))?;
                    resolver.get_or_insert(ip);
                }
                // The last one counts, and either replaces the other.
                Some("search" | "domain") => search = words.map(str::to_owned).collect(),
                Some("options") => {
                    for (name, value) in words.filter_map(|word| word.split_once(':')) {
                        let count = || value.parse().map_err(|_| wrong(format!("`{value}` is no value of {name}")));
                        match name {
                            "ndots" => ndots = count()?,
                            "timeout" => timeout = count()?,
                            "attempts" => attempts = count()?,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Self {
            resolver: resolver.ok_or(LookupError::NoResolver { path })?,
            search,
            // The same limits as glibc's (resolv.conf(5)).
            ndots: ndots.min(15) as usize,
            timeout: Duration::from_secs(u64::from(timeout.clamp(1, 30))),
            attempts: attempts.clamp(1, 5),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Conf, String> {
        Conf::parse(text, PathBuf::from("resolv.conf")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pods_file_is_read() -> Result<(), String> {
        let conf = parse(
            "# made by the kubelet\nsearch a.svc.cluster.local svc.cluster.local cluster.local\nnameserver fd00:10:96::a\n\
             nameserver 10.96.0.10\noptions ndots:5 edns0\n",
        )?;
        assert_eq!(conf.resolver, "fd00:10:96::a".parse::<IpAddr>().map_err(|error| error.to_string())?);
        assert_eq!(conf.search, ["a.svc.cluster.local", "svc.cluster.local", "cluster.local"]);
        assert_eq!((conf.ndots, conf.timeout, conf.attempts), (5, Duration::from_secs(5), 2));
        Ok(())
    }

    #[test]
    fn a_wrong_line_is_named() {
        assert_eq!(parse("nameserver x"), Err("resolv.conf:1: `x` is no address of a resolver".to_owned()));
        let wrong = parse("nameserver ::1\noptions ndots:many");
        assert_eq!(wrong, Err("resolv.conf:2: `many` is no value of ndots".to_owned()));
        assert_eq!(parse("search a"), Err("resolv.conf names no resolver".to_owned()));
    }
}
