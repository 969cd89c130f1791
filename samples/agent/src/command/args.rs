//! The arguments.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use dualproof_wire::Records;

use crate::serve::Listen;

/// Says who answered, and asks who answers.
#[derive(Debug, Parser)]
#[command(name = "agent", version, disable_help_subcommand = true)]
pub struct Agent {
    #[command(subcommand)]
    pub(super) face: Face,
}

#[derive(Debug, Subcommand)]
pub(super) enum Face {
    /// Answers with one JSON line: who this is, and over which sockets it was asked.
    ///
    /// The identity comes from DUALPROOF_RUN, POD_NAME, POD_UID, POD_NAMESPACE, NODE_NAME, SERVICE_ACCOUNT and POD_IPS.
    Serve(Serve),
    /// Makes the calls on standard input, one JSON object a line, and reports each as it ends.
    Probe(Probe),
    /// Repeats the calls on standard input steadily, and counts what was lost.
    Hold(Hold),
    /// Looks names up, and reports each question.
    Resolve(Resolve),
    /// Lists listening TCP and bound UDP sockets by family.
    Sockets(Sockets),
}

const BIND: &str = "BIND:PORT";

#[derive(Debug, Args)]
pub(super) struct Serve {
    /// A line each way. BIND is 0.0.0.0, [::] (IPv6 alone), dual, pod-v4, pod-v6 or an address.
    #[arg(long, value_name = BIND)]
    pub(super) tcp: Vec<Listen>,
    /// The server speaks first, then a line each way.
    #[arg(long, value_name = BIND)]
    pub(super) server_first: Vec<Listen>,
    /// HTTP/1.1 and HTTP/2 without TLS.
    #[arg(long, value_name = BIND)]
    pub(super) http: Vec<Listen>,
    /// A datagram each way.
    #[arg(long, value_name = BIND)]
    pub(super) udp: Vec<Listen>,
    /// Go on without a socket that cannot be bound.
    #[arg(long)]
    pub(super) may_fail: bool,
    /// How long a connection may be silent.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) idle: u32,
    /// How many threads serve.
    #[arg(long, default_value = "2")]
    pub(super) threads: NonZeroUsize,
}

#[derive(Debug, Args)]
pub(super) struct Probe {
    /// How many calls are made at the same time.
    #[arg(long, default_value = "256")]
    pub(super) concurrency: NonZeroUsize,
    /// How many more may be under way that have waited for a tenth of a second.
    #[arg(long, default_value_t = 0)]
    pub(super) waiting: usize,
    /// How many threads make them.
    #[arg(long, default_value = "2")]
    pub(super) threads: NonZeroUsize,
    /// Where calls with a port of their own begin to count through the ports.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(super) turn: u64,
    #[command(flatten)]
    pub(super) names: Names,
}

#[derive(Debug, Args)]
pub(super) struct Hold {
    /// For how long.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) seconds: u32,
    /// How many calls a second, for each line of standard input.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) rate: u32,
    #[command(flatten)]
    pub(super) names: Names,
}

#[derive(Debug, Args)]
pub(super) struct Resolve {
    /// The names; completed as resolv.conf says, unless one ends with a dot.
    #[arg(required = true)]
    pub(super) name: Vec<String>,
    /// Which records.
    #[arg(long, value_enum, default_value_t = Kind::Both)]
    pub(super) records: Kind,
    /// Whom to ask, instead of the first resolver of resolv.conf.
    #[arg(long)]
    pub(super) resolver: Option<IpAddr>,
    /// How long each name may take, in milliseconds.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) deadline_millis: u32,
    #[command(flatten)]
    pub(super) names: Names,
}

#[derive(Debug, Args)]
pub(super) struct Sockets {
    /// The folder of the kernel's tables.
    #[arg(long, value_name = "DIR", default_value = "/proc/net")]
    pub(super) proc: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Names {
    /// The resolver's configuration.
    #[arg(long, value_name = "FILE", default_value = "/etc/resolv.conf")]
    pub(super) resolv_conf: PathBuf,
    /// The port that resolvers listen on.
    #[arg(long, default_value_t = 53, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) resolver_port: u16,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Kind {
    /// A alone.
    A,
    /// AAAA alone.
    Aaaa,
    /// A and AAAA, each its own question.
    Both,
}

impl From<Kind> for Records {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::A => Self::A,
            Kind::Aaaa => Self::Aaaa,
            Kind::Both => Self::Both,
        }
    }
}
