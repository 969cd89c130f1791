//! A pod: its namespace, its link to the node, its sidecar.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dualproof_embedded::envoy::{Launch, is_ready_line};
use dualproof_model::family::{IpFamily, PerFamily};
use dualproof_netns::Namespace;
use dualproof_netns::link::Change;
use ipnet::IpNet;
use serde_json::Value;

use crate::Said;

/// After this a trial is not slow but stuck.
pub(crate) const STUCK: Duration = Duration::from_secs(60);

pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) object: Arc<Value>,
    pub(crate) namespace: Arc<Namespace>,
    pub(crate) addresses: PerFamily<IpAddr>,
    sidecar: Option<(Child, PathBuf)>,
}

impl Pod {
    pub(crate) fn new(node: &Namespace, name: &str, object: Arc<Value>, addresses: PerFamily<IpAddr>) -> Said<Self> {
        let namespace = Namespace::new(name)?;
        let pair = namespace.join("eth0", node, name)?;
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for (family, address) in addresses.iter() {
            let (gateway, all): (IpAddr, IpNet) = match family {
                IpFamily::IPv4 => ("169.254.1.1".parse()?, "0.0.0.0/0".parse()?),
                IpFamily::IPv6 => ("fe80::1".parse()?, "::/0".parse()?),
            };
            inside.push(Change::address("eth0", IpNet::from(*address)));
            inside.push(Change::neighbour("eth0", gateway, pair.far));
            inside.push(Change::route(all, "eth0", Some(gateway)));
            outside.push(Change::route(IpNet::from(*address), name, None));
            outside.push(Change::neighbour(name, *address, pair.near));
        }
        namespace.apply(&inside)?;
        node.apply(&outside)?;
        Ok(Self { name: name.to_owned(), object, namespace: Arc::new(namespace), addresses, sidecar: None })
    }

    /// Starts its Envoy and waits for its own word that it serves.
    pub(crate) fn start(&mut self, launch: &Launch, log: PathBuf) -> Said {
        let mut command = Command::new(&launch.program);
        command.args(&launch.args).env_clear().envs(launch.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(File::create(&log)?).stderr(Stdio::piped());
        let mut child = self.namespace.spawn(command)?;
        let mut lines = BufReader::new(child.stderr.take().ok_or("a pipe")?).lines();
        let mut said = Vec::new();
        for line in &mut lines {
            let line = line?;
            if is_ready_line(&line) {
                // Envoy must be able to go on writing; what it says goes where a failed trial's words go.
                let name = self.name.clone();
                std::thread::spawn(move || {
                    for line in lines.map_while(Result::ok) {
                        let _is_said = writeln!(std::io::stderr(), "{name}: {line}").is_ok();
                    }
                });
                self.sidecar = Some((child, log));
                // The line comes a moment before its workers listen.
                return until("Envoy's workers to listen", || {
                    Ok(self.admin("/stats?filter=workers_started")?.contains("workers_started: 1"))
                });
            }
            said.push(line);
        }
        Err(format!("Envoy ended: {}", said.join("\n")).into())
    }

    /// Asks Envoy's admin, which is on the loopback of the pod's first family.
    fn admin(&self, page: &str) -> Said<String> {
        let at = |address: &str| -> Said<String> {
            let mut stream = self.namespace.connect(SocketAddr::new(address.parse()?, 15000), None, STUCK)?;
            write!(stream, "GET {page} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
            let mut said = String::new();
            stream.read_to_string(&mut said)?;
            Ok(said)
        };
        at("127.0.0.1").or_else(|_| at("::1"))
    }

    pub(crate) fn at(&self, family: IpFamily, port: u16) -> SocketAddr {
        SocketAddr::new(*self.addresses.get(family), port)
    }

    /// Serves in a thread of its own until this program ends: says its word and who called.
    pub(crate) fn serve(&self, port: u16, word: &str) -> Said {
        for wildcard in ["0.0.0.0", "::"] {
            let listener = self.namespace.listen(SocketAddr::new(wildcard.parse()?, port))?;
            let word = word.to_owned();
            std::thread::spawn(move || echo(&listener, &word));
        }
        Ok(())
    }

    /// Calls from inside the pod and returns what was said.
    pub(crate) fn call(&self, address: SocketAddr) -> Said<String> {
        let mut stream = self.namespace.connect(address, None, STUCK)?;
        stream.set_read_timeout(Some(STUCK))?;
        // A whole line, and no end after it: a sidecar that looks into the first bytes takes their end for the client's going.
        stream.write_all(b"hello\n")?;
        let mut said = String::new();
        stream.read_to_string(&mut said)?;
        Ok(said)
    }

    /// The lines of its sidecar's access log that a test picks, once there are so many.
    pub(crate) fn told(&self, count: usize, picked: impl Fn(&Value) -> bool) -> Said<Vec<Value>> {
        let (_, path) = self.sidecar.as_ref().ok_or("no sidecar")?;
        let mut told = Vec::new();
        until(&format!("{count} lines in the access log of {}", self.name), || {
            let text = std::fs::read_to_string(path)?;
            told = text.lines().filter_map(|line| serde_json::from_str(line).ok()).filter(&picked).collect();
            Ok(told.len() >= count)
        })?;
        Ok(told)
    }

    /// The number of its sidecar's process.
    pub(crate) fn process(&self) -> Option<u32> {
        self.sidecar.as_ref().map(|(child, _)| child.id())
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.sidecar {
            let _has_ended = child.kill().and_then(|()| child.wait()).is_ok();
        }
    }
}

fn echo(listener: &TcpListener, word: &str) {
    while let Ok((mut stream, caller)) = listener.accept() {
        let mut heard = String::new();
        let _is_answered = BufReader::new(&stream).read_line(&mut heard).is_ok()
            && stream.write_all(format!("{word} {}", caller.ip()).as_bytes()).is_ok();
    }
}

/// Looks until something is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> Said<bool>) -> Said {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > STUCK {
            return Err(format!("waited in vain for {what}").into());
        }
        std::thread::yield_now();
    }
    Ok(())
}
