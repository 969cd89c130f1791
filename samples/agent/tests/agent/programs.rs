//! Starts the agent's faces.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use dualproof_wire::{Answer, Ask, Bound, Destination, Outcome, Protocol, Report, unseal};
use rustix::process::{Pid, Signal, kill_process};

pub(crate) type Tested = Result<(), Box<dyn Error>>;

pub(crate) const POD_IPS: &str = "127.0.0.2,::1";

pub(crate) fn agent(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a face to its end, with `input` as its standard input.
pub(crate) fn run(words: &[&str], input: &str) -> Result<Output, Box<dyn Error>> {
    let mut child = agent(words).stdin(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take().ok_or("no stdin")?;
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || feed(stdin, &input));
    let output = child.wait_with_output()?;
    feeder.join().map_err(|_| "the feeder died")?;
    Ok(output)
}

/// A face that refuses its input does not read it to the end.
pub(crate) fn feed(mut stdin: ChildStdin, input: &str) {
    let _ = stdin.write_all(input.as_bytes());
}

/// Starts a server whose identity is `run` and its environment.
pub(crate) fn serve(run: &str, words: &[&str]) -> Command {
    let mut command = agent(&["serve"]);
    command.args(words);
    command
        .env("DUALPROOF_RUN", run)
        .env("POD_NAME", "echo-0")
        .env("POD_UID", "uid-0")
        .env("POD_NAMESPACE", "dual-stack");
    command.env("NODE_NAME", "node-0").env("SERVICE_ACCOUNT", "echo").env("POD_IPS", POD_IPS);
    command
}

/// A running server; ended when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) bound: Vec<Bound>,
    pub(crate) stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits until it has said what it bound.
    pub(crate) fn start(run: &str, sockets: &[&str]) -> Result<Self, Box<dyn Error>> {
        let mut child = serve(run, sockets).stderr(Stdio::inherit()).spawn()?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let wanted = sockets.iter().filter(|word| word.contains(':')).count();
        let mut bound = Vec::new();
        let mut line = String::new();
        while bound.len() < wanted && stdout.read_line(&mut line)? > 0 {
            bound.push(serde_json::from_str(&line)?);
            line.clear();
        }
        if bound.len() < wanted {
            return Err(format!("the server ended: {}", child.wait()?).into());
        }
        Ok(Self { child, bound, stdout })
    }

    pub(crate) fn signal(&self, signal: Signal) -> Tested {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).ok_or("no process")?;
        Ok(kill_process(pid, signal)?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn ask(id: &str, address: SocketAddr, protocol: Protocol) -> Ask {
    Ask {
        id: id.to_owned(),
        token: format!("t-{id}"),
        to: Destination::Address(address),
        protocol,
        deadline_millis: 5000,
        payload: 0,
        own_port: false,
    }
}

pub(crate) fn lines(asks: &[Ask]) -> Result<String, serde_json::Error> {
    asks.iter().map(|ask| serde_json::to_string(ask).map(|line| line + "\n")).collect()
}

/// Makes calls and gives the reports in the asks' order.
pub(crate) fn probe(words: &[&str], asks: &[Ask]) -> Result<Vec<Report>, Box<dyn Error>> {
    let output = run(&[&["probe"], words].concat(), &lines(asks)?)?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reports = reports(&output.stdout)?;
    asks.iter()
        .map(|ask| {
            let mut own = reports.iter().filter(|report| report.id == ask.id);
            match (own.next(), own.next()) {
                (Some(report), None) => Ok(report.clone()),
                (first, _) => {
                    Err(format!("{} reports of {}", if first.is_some() { "two" } else { "no" }, ask.id).into())
                }
            }
        })
        .collect()
}

pub(crate) fn reports(stdout: &[u8]) -> Result<Vec<Report>, serde_json::Error> {
    stdout.split_inclusive(|byte| *byte == b'\n').map(serde_json::from_slice).collect()
}

/// Reads a line of a server.
pub(crate) fn read(line: &str) -> Result<Answer, Box<dyn Error>> {
    Ok(serde_json::from_str(&unseal(line)?)?)
}

/// What a call was answered; none for other ends and for text that is no answer.
pub(crate) fn answer(report: &Report) -> Option<Answer> {
    match &report.outcome {
        Outcome::Replied(text) => read(text.lines().last()?).ok(),
        _ => None,
    }
}

pub(crate) fn threads(child: &Child) -> Result<usize, std::io::Error> {
    Ok(std::fs::read_dir(format!("/proc/{}/task", child.id()))?.count())
}

pub(crate) fn read_all(mut from: impl Read) -> Result<Vec<u8>, std::io::Error> {
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes)?;
    Ok(bytes)
}
