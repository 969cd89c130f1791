//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::{ClusterCommand, ImageCommand, Sweep};
use crate::settings::Partial;

/// Proves, with evidence for each IP family, that a service mesh is dual-stack on a Kubernetes cluster.
///
/// Exit codes: 0 conforms, 1 does not conform, 2 bad input, 3 environment invalid, 4 inconclusive, 6 nothing was exercised, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "dualproof", version, about, long_about)]
pub struct Dualproof {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a cluster, install the mesh, run the scenarios and judge them
    Run(Box<Partial>),
    /// Say what a run would do and what it would skip; make nothing
    Plan(Box<Partial>),
    /// List the names of the trials that a run would judge; make nothing
    List(Box<Partial>),
    /// Say what would keep a run with these settings from working on this machine; make nothing
    Doctor {
        /// The run's settings
        #[command(flatten)]
        given: Box<Partial>,
        /// List every trap that is looked for
        #[arg(long)]
        list: bool,
    },
    /// Say why a check exists and what to do when it is red
    Explain {
        /// Key or name of the check (K06); without one, every check in a line
        check: Option<String>,
    },
    /// Embedded clusters to work with: real Envoys on Istio's shapes, without Docker
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// The image of the agents, for those who have a registry
    #[command(subcommand)]
    Image(ImageCommand),
    /// List what dead runs left behind on this machine, and with --yes remove it
    ///
    /// Exit codes: 0 nothing is left or all was removed, 1 something stays after --yes, 2 bad input.
    Sweep(Sweep),
    /// Compare two bundles, without any cluster
    ///
    /// A run with a mesh beside one without: what the mesh makes of each call of the matrices, and which family won. Two runs of a kind: what
    /// their proxies, rules, sockets and calls have that the other's have not, told by what addresses stand for. What two kinds of mesh (istio,
    /// embedded) never have alike has a reason in differences.yaml, and is counted by it.
    ///
    /// Exit codes: 0 the mesh loses no call that it should not (all is alike, or differs for a known reason), 1 it does (something has no
    /// reason), 2 bad input, 4 a run does not tell, 6 there is nothing to compare.
    Diff {
        /// The folder of a bundle
        a: PathBuf,
        /// The folder of the other
        b: PathBuf,
        /// Folder for the files diff.yaml, diff.json and summary.md; without one, only the text is printed
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Rules to take matrices and profiles from: `bundle` (those of the run), `current` (those of this program) or a folder of scenarios.
        /// The reasons of differences are those of this program, or of the folder
        #[arg(long, value_name = "RULES", default_value = "bundle")]
        rules: Option<String>,
    },
    /// Judge a bundle again, without any cluster; several also together, as the cells of one run
    Judge {
        /// The folders of the bundles
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        /// Folder for the report's files; without one, only the text is printed
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Rules to judge by: `bundle` (those that the run used), `current` (those of this program) or a folder of scenarios
        #[arg(long, value_name = "RULES", default_value = "bundle")]
        rules: Option<String>,
    },
}
