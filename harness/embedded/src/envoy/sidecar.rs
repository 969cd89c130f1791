//! How one sidecar is started.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use dualproof_model::family::IpFamily;

use super::Envoy;

/// How much Envoy writes into its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// As in Istio's sidecars.
    #[default]
    Warning,
    /// Everything but single events of connections.
    Info,
    /// Everything that matters when one connection goes wrong.
    Debug,
}

/// The start of one sidecar's Envoy.
#[derive(Clone, Debug)]
pub struct Sidecar {
    bootstrap: PathBuf,
    family: IpFamily,
    log_level: LogLevel,
    log: Option<PathBuf>,
}

/// A program to start, in the pod's namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program: an absolute path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment: nothing is inherited.
    pub env: Vec<(OsString, OsString)>,
}

impl Sidecar {
    /// Describes a sidecar that reads `bootstrap` (JSON or YAML, told apart by its name) and whose pod's first address is of
    /// `family`. Paths are as the pod's mount namespace has them.
    #[must_use]
    pub fn new(bootstrap: impl Into<PathBuf>, family: IpFamily) -> Self {
        Self { bootstrap: bootstrap.into(), family, log_level: LogLevel::default(), log: None }
    }

    /// Sets how much is written into the log.
    #[must_use]
    pub fn log_level(mut self, level: LogLevel) -> Self {
        self.log_level = level;
        self
    }

    /// Has the log written to a file instead of standard error, where [`is_ready_line`](super::is_ready_line) would be heard
    /// at once.
    #[must_use]
    pub fn log_to(mut self, file: impl AsRef<Path>) -> Self {
        self.log = Some(file.as_ref().to_owned());
        self
    }

    /// Returns the command. It is pilot-agent's (istio/istio, pkg/envoy/proxy.go) but for three words, each with its reason.
    #[must_use]
    pub fn launch(&self, envoy: &Envoy) -> Launch {
        let mut args: Vec<OsString> = vec!["-c".into(), self.bootstrap.clone().into()];
        let level = match self.log_level {
            LogLevel::Warning => "warning",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
        };
        let version = match self.family {
            IpFamily::IPv4 => "v4",
            IpFamily::IPv6 => "v6",
        };
        // `config:info` holds the line of readiness.
        let components = match self.log_level {
            LogLevel::Debug => "misc:error",
            LogLevel::Warning | LogLevel::Info => "misc:error,config:info",
        };
        let words = [
            ["--drain-time-s", "45"],
            ["--drain-strategy", "immediate"],
            ["--local-address-ip-version", version],
            // Access logs are evidence: a line is written when the call ends, not up to a second later.
            ["--file-flush-interval-msec", "1000"],
            ["--file-flush-min-size-kb", "0"],
            ["-l", level],
            ["--component-log-level", components],
            // One worker: a second one costs a thread, its memory, and a socket for each listener.
            ["--concurrency", "1"],
        ];
        args.extend(words.iter().flatten().map(OsString::from));
        let flags = ["--disable-hot-restart", "--allow-unknown-static-fields", "--skip-deprecated-logs"];
        args.extend(flags.map(OsString::from));
        if let Some(log) = &self.log {
            args.extend(["--log-path".into(), log.clone().into()]);
        }
        Launch { program: envoy.path.clone(), args, env: Vec::new() }
    }
}
