//! Runs a face, and says why it did not do its work.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dualproof_wire::{Ask, Service};
use serde_json::Value;

use super::args::{Agent, Face, Hold, Names, Probe, Resolve, Serve, Sockets};
use crate::hold::{Pace, hold};
use crate::lookup::{LookupError, Search, looks_like_a_name};
use crate::probe::{self, Crew, ProbeError};
use crate::serve::{self, ServeError};
use crate::sockets;

/// What could not be done.
struct Trouble {
    words: String,
    hint: String,
    code: u8,
}

/// Bad input, before anything was done.
const BAD_INPUT: u8 = 2;

/// The work was not finished.
const UNFINISHED: u8 = 1;

/// Runs the program. Data goes to standard output, words to standard error.
#[must_use]
pub fn main(agent: Agent) -> ExitCode {
    let ended = match agent.face {
        Face::Serve(args) => serve(args),
        Face::Probe(args) => probe(&args),
        Face::Hold(args) => held(&args),
        Face::Resolve(args) => resolve(args),
        Face::Sockets(args) => sockets(&args),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            let hint = if trouble.hint.is_empty() { String::new() } else { format!("hint: {}\n", trouble.hint) };
            // Nobody can be told when standard error is closed.
            let _ = write!(io::stderr(), "error: {}\n{hint}", trouble.words);
            ExitCode::from(trouble.code)
        }
    }
}

fn serve(args: Serve) -> Result<(), Trouble> {
    let of = |service, listens: Vec<_>| listens.into_iter().map(move |listen| (service, listen));
    let sockets = of(Service::Tcp, args.tcp)
        .chain(of(Service::ServerFirst, args.server_first))
        .chain(of(Service::Http, args.http))
        .chain(of(Service::Udp, args.udp))
        .collect();
    let options = serve::Options {
        sockets,
        may_fail: args.may_fail,
        idle: Duration::from_secs(args.idle.into()),
        threads: args.threads.get(),
    };
    serve::run(&options).map_err(|error| {
        let code = if matches!(error, ServeError::System { .. }) { UNFINISHED } else { BAD_INPUT };
        trouble(&error, error.hint(), code)
    })
}

fn probe(args: &Probe) -> Result<(), Trouble> {
    let (asks, search) = calls(&args.names)?;
    let Probe { concurrency, waiting, threads, turn, .. } = *args;
    let crew = Crew { concurrency, waiting, threads, turn, search };
    // Not through std's own buffer, which cuts at its own size instead of at a line's end.
    let out = io::stdout().as_fd().try_clone_to_owned().map_err(|source| of_probe(&ProbeError::Write { source }))?;
    probe::make(&crew, asks, File::from(out)).map_err(|error| of_probe(&error))
}

fn held(args: &Hold) -> Result<(), Trouble> {
    let (asks, search) = calls(&args.names)?;
    let pace = Pace { time: Duration::from_secs(args.seconds.into()), period: Duration::from_secs(1) / args.rate };
    let held = hold(asks, search, pace).map_err(|source| of_probe(&ProbeError::Runtime { source }))?;
    held.iter().try_for_each(|held| say(serde_json::to_value(held)))
}

fn resolve(args: Resolve) -> Result<(), Trouble> {
    if let Some(bad) = args.name.iter().find(|name| !looks_like_a_name(name)) {
        let words = format!("`{}` is no name of the DNS", bad.escape_debug());
        return Err(Trouble { words, hint: String::new(), code: BAD_INPUT });
    }
    let search = search(&args.names)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| of_probe(&ProbeError::Runtime { source }))?;
    for name in args.name {
        let deadline = Instant::now() + Duration::from_millis(args.deadline_millis.into());
        let lookup = runtime.block_on(search.look_up(&name, args.records.into(), args.resolver, deadline));
        lookup.resolutions.iter().try_for_each(|resolution| say(serde_json::to_value(resolution)))?;
    }
    Ok(())
}

fn sockets(args: &Sockets) -> Result<(), Trouble> {
    let sockets = sockets::read(&args.proc).map_err(|error| trouble(&error, error.hint(), UNFINISHED))?;
    say(serde_json::to_value(sockets))
}

fn calls(names: &Names) -> Result<(Vec<Ask>, Option<Search>), Trouble> {
    let asks = probe::read(io::stdin().lock()).map_err(|error| of_probe(&error))?;
    let search = if probe::needs_names(&asks) { Some(search(names)?) } else { None };
    Ok((asks, search))
}

fn search(names: &Names) -> Result<Search, Trouble> {
    let conf = crate::lookup::Conf::read(&names.resolv_conf);
    let conf = conf.map_err(|error: LookupError| trouble(&error, error.hint(), BAD_INPUT))?;
    Ok(Search { conf, port: names.resolver_port })
}

fn say(value: serde_json::Result<Value>) -> Result<(), Trouble> {
    let write = || {
        let mut out = io::stdout().lock();
        writeln!(out, "{}", value?)?;
        out.flush()
    };
    write().map_err(|source| of_probe(&ProbeError::Write { source }))
}

fn of_probe(error: &ProbeError) -> Trouble {
    let code = if matches!(error, ProbeError::Line { .. }) { BAD_INPUT } else { UNFINISHED };
    trouble(error, error.hint(), code)
}

fn trouble(error: &dyn Error, hint: String, code: u8) -> Trouble {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    Trouble { words, hint, code }
}
