//! Which program is played.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use super::{curl, echo, nc};

/// A program that the agent stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `tcp-echo PORT[,PORT…] PREFIX` (istio/istio:samples/tcp-echo/src/main.go).
    Echo,
    /// `nc [-w SECONDS] HOST PORT` (BusyBox networking/nc.c).
    Nc,
    /// `curl [-4|-6] [-v] [-s] [-o FILE] [--connect-timeout SECONDS] [--max-time SECONDS] URL`.
    Curl,
}

impl Program {
    /// Tells which program a file's name stands for, as a shell finds it on PATH; `None` for any other, the agent's own too.
    #[must_use]
    pub fn named(file: &OsStr) -> Option<Self> {
        match Path::new(file).file_name()?.to_str()? {
            "tcp-echo" => Some(Self::Echo),
            "nc" => Some(Self::Nc),
            "curl" => Some(Self::Curl),
            _ => None,
        }
    }
}

/// Plays a program and returns its exit code: 2 for arguments that are not known here, else the original's.
#[must_use]
pub fn run(program: Program, words: &[String]) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("cannot start: {error}")),
    };
    let ended = runtime.block_on(async {
        match program {
            Program::Echo => echo::run(words).await,
            Program::Nc => nc::run(words).await,
            Program::Curl => curl::run(words).await,
        }
    });
    // A read of standard input may still block a thread; nobody waits for it.
    runtime.shutdown_background();
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(words) => refuse(&words),
    }
}

fn refuse(words: &str) -> ExitCode {
    // Nobody can be told when standard error is closed.
    let _ = writeln!(io::stderr(), "error: {words}");
    ExitCode::from(2)
}
