//! What a cluster's process is told, spelled and read in one place.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser};
use dualproof_model::family::IpFamily;

/// The words that make this program a cluster. `dualproof sweep` knows a cluster's process by them and by its folder.
pub(crate) const WORDS: [&str; 2] = ["cluster", "serve"];

/// A cluster's settings.
#[derive(Clone, Debug, PartialEq, Eq, Args)]
pub struct Serve {
    /// Its name.
    #[arg(long)]
    pub name: String,
    /// The folder of its files.
    #[arg(long)]
    pub folder: PathBuf,
    /// Its families, the first one first: IPv4, IPv6, or both with a comma.
    #[arg(long, value_delimiter = ',', required = true)]
    pub families: Vec<IpFamily>,
    /// How many nodes.
    #[arg(long, default_value_t = 1)]
    pub nodes: u8,
    /// The Envoy that sidecars run.
    #[arg(long)]
    pub envoy: PathBuf,
    /// What it says its version is.
    #[arg(long)]
    pub envoy_version: String,
    /// End with the thread that started it.
    #[arg(long)]
    pub ends_with_parent: bool,
}

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    serve: Serve,
}

impl Serve {
    /// Spells the settings as arguments of this program.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let families: Vec<String> = self.families.iter().map(ToString::to_string).collect();
        let nodes = self.nodes.to_string();
        let mut words: Vec<OsString> = WORDS.map(OsString::from).into();
        let options: [(&str, OsString); 6] = [
            ("--name", self.name.clone().into()),
            ("--folder", self.folder.clone().into()),
            ("--families", families.join(",").into()),
            ("--nodes", nodes.into()),
            ("--envoy", self.envoy.clone().into()),
            ("--envoy-version", self.envoy_version.clone().into()),
        ];
        words.extend(options.into_iter().flat_map(|(option, value)| [OsString::from(option), value]));
        if self.ends_with_parent {
            words.push("--ends-with-parent".into());
        }
        words
    }

    /// Reads this program's arguments; `None` when they do not say that it is to be a cluster.
    pub(super) fn read(mut words: impl Iterator<Item = OsString>) -> Option<Result<Self, clap::Error>> {
        let program = words.next()?;
        let words: Vec<OsString> = words.collect();
        let rest = words.strip_prefix(&WORDS.map(OsString::from)[..])?;
        let line = Line::try_parse_from([program].into_iter().chain(rest.iter().cloned()));
        Some(line.map(|line| line.serve))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spelled_is_read_and_other_words_are_not() -> Result<(), Box<dyn std::error::Error>> {
        let serve = Serve {
            name: "c".to_owned(),
            folder: "/runs/x".into(),
            families: vec![IpFamily::IPv6, IpFamily::IPv4],
            nodes: 2,
            envoy: "/cache/envoy".into(),
            envoy_version: "1.40.0".to_owned(),
            ends_with_parent: true,
        };
        let line = |words: Vec<OsString>| [OsString::from("dualproof")].into_iter().chain(words);
        assert_eq!(Serve::read(line(serve.arguments())).ok_or("not read")??, serve);
        for other in [vec![], vec!["run"], vec!["cluster"], vec!["cluster", "up"], vec!["serve", "cluster"]] {
            let other: Vec<OsString> = other.into_iter().map(OsString::from).collect();
            assert!(Serve::read(line(other)).is_none());
        }
        let wrong = WORDS.map(OsString::from).into();
        assert!(Serve::read(line(wrong)).ok_or("it is to be a cluster")?.is_err());
        Ok(())
    }
}
