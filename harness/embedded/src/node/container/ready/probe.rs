//! Probes of a container (kubernetes/kubernetes:pkg/kubelet/prober).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use crate::node::container::{Order, Place, find, spawn};
use crate::store::object::{items, number, text};

/// How often a container that is not ready yet is asked: as elsewhere it is not ready before it can be, but nobody waits for a whole period.
const SOON: Duration = Duration::from_millis(20);

/// The most that is read of an answer's first line.
const LONGEST: u64 = 16 * 1024;

/// A probe out of a container's spec.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    action: Action,
    /// How long to wait before the first time.
    pub(super) delay: Duration,
    period: Duration,
    limit: Duration,
    /// How many times in a row it must succeed.
    pub(super) successes: i64,
    /// How many times in a row it must fail.
    pub(super) failures: i64,
}

#[derive(Clone, Debug)]
enum Action {
    Connect(u16),
    Get { port: u16, path: String, headers: Vec<(String, String)> },
    Run(Vec<String>),
    Unknown,
}

impl Probe {
    /// Reads the probe of this name; `None` where the container has none.
    pub(super) fn read(container: &Value, name: &str) -> Option<Self> {
        let probe = container.get(name).filter(|probe| probe.is_object())?;
        let count = |field: &str, default: i64| number(probe, field).unwrap_or(default).max(1);
        let seconds = |count: i64| Duration::from_secs(u64::try_from(count).unwrap_or_default());
        Some(Self {
            action: Action::read(container, probe),
            delay: seconds(number(probe, "/initialDelaySeconds").unwrap_or_default()),
            period: seconds(count("/periodSeconds", 10)),
            limit: seconds(count("/timeoutSeconds", 1)),
            successes: count("/successThreshold", 1),
            failures: count("/failureThreshold", 3),
        })
    }

    /// The clock by which it is asked: from now on, and more often until the container is ready.
    pub(super) fn clock(&self, is_ready: bool) -> Interval {
        let mut clock = interval(if is_ready { self.period } else { self.period.min(SOON) });
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        clock
    }

    /// How many failures of the quicker clock are one of the period's.
    pub(super) fn quick_failures(&self) -> i64 {
        let times = self.period.as_millis() / SOON.min(self.period).as_millis().max(1);
        self.failures.saturating_mul(i64::try_from(times).unwrap_or(i64::MAX))
    }

    /// Asks once.
    ///
    /// # Errors
    /// In the kubelet's words, why it does not succeed.
    pub(super) async fn ask(&self, place: &Place, container: &str) -> Result<(), String> {
        let asked = async {
            match &self.action {
                Action::Connect(port) => connect(place, *port).await.map(drop),
                Action::Get { port, path, headers } => get(place, *port, path, headers).await,
                Action::Run(words) => run(place, container, words).await,
                Action::Unknown => Err("this kind of probe is not supported by the embedded cluster".to_owned()),
            }
        };
        timeout(self.limit, asked).await.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.limit)))
    }
}

impl Action {
    fn read(container: &Value, probe: &Value) -> Self {
        let port = |field: &str| {
            let named = |name: &str| {
                let port = items(container, "/ports").iter().find(|port| text(port, "/name") == name)?;
                number(port, "/containerPort")
            };
            let given = probe.pointer(field)?;
            let port = given.as_i64().or_else(|| named(given.as_str()?))?;
            u16::try_from(port).ok().filter(|port| *port > 0)
        };
        let headers = || {
            let headers = items(probe, "/httpGet/httpHeaders").iter();
            headers.map(|header| (text(header, "/name").to_owned(), text(header, "/value").to_owned())).collect()
        };
        if let Some(port) = port("/tcpSocket/port") {
            Self::Connect(port)
        } else if let Some(port) = port("/httpGet/port").filter(|_| text(probe, "/httpGet/scheme") != "HTTPS") {
            Self::Get { port, path: text(probe, "/httpGet/path").to_owned(), headers: headers() }
        } else if probe.get("exec").is_some() {
            Self::Run(items(probe, "/exec/command").iter().filter_map(Value::as_str).map(str::to_owned).collect())
        } else {
            Self::Unknown
        }
    }
}

/// Connects from the node to the pod's first address, as a kubelet does.
async fn connect(place: &Place, port: u16) -> Result<TcpStream, String> {
    let first = place.sandbox.addresses().first().copied().ok_or("the pod has no address")?;
    let address = SocketAddr::new(first, port);
    let socket = place.sandbox.node().namespace().unconnected(address, None).map_err(|error| error.to_string())?;
    let connected = async {
        socket.set_nonblocking(true)?;
        TcpSocket::from_std_stream(socket).connect(address).await
    };
    connected.await.map_err(|error| format!("dial tcp {address}: connect: {error}"))
}

async fn get(place: &Place, port: u16, path: &str, headers: &[(String, String)]) -> Result<(), String> {
    let stream = connect(place, port).await?;
    let first: Option<&IpAddr> = place.sandbox.addresses().first();
    let host = first.map(|address| SocketAddr::new(*address, port).to_string()).unwrap_or_default();
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut head =
        format!("GET {slash}{path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: kube-probe/1.36\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    match status(stream, &head).await {
        Ok(Some(200..400)) => Ok(()),
        Ok(Some(code)) => Err(format!("HTTP probe failed with statuscode: {code}")),
        Ok(None) => Err(format!("Get \"http://{host}{slash}{path}\": no HTTP answer")),
        Err(error) => Err(format!("Get \"http://{host}{slash}{path}\": {error}")),
    }
}

/// Asks, and reads the status off the answer's first line; `None` where that is no HTTP.
///
/// The answer's end is not waited for: Envoy gives a client a second to close first (HttpConnectionManager's `delayed_close_timeout`).
async fn status(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &str) -> io::Result<Option<u16>> {
    stream.write_all(head.as_bytes()).await?;
    let mut line = Vec::new();
    BufReader::new(stream.take(LONGEST)).read_until(b'\n', &mut line).await?;
    let line = String::from_utf8_lossy(&line);
    Ok(line.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|code| code.parse().ok()))
}

async fn run(place: &Place, container: &str, words: &[String]) -> Result<(), String> {
    let surroundings = place.surroundings(container).ok_or("the container does not run")?;
    let (word, args) = words.split_first().ok_or("the probe names no command")?;
    let order = Order {
        program: find(word, &place.tools.settings.programs(), &place.tools.search)?,
        args: args.iter().map(Into::into).collect(),
        environment: surroundings.environment.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        folder: surroundings.folder,
    };
    let streams = [Stdio::null(), Stdio::null(), Stdio::null()];
    let mut group = spawn(place.sandbox.namespace(), order, streams).await.map_err(|error| error.to_string())?;
    match group.wait().await {
        0 => Ok(()),
        code => Err(format!("command terminated with exit code {code}")),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn the_answers_end_is_not_waited_for() -> Result<(), Box<dyn std::error::Error>> {
        for (said, expected) in [
            ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", Some(200)),
            ("HTTP/1.0 503 Service Unavailable\r\n", Some(503)),
            ("hello\n", None),
        ] {
            let (near, mut far) = duplex(1024);
            far.write_all(said.as_bytes()).await?;
            let asked = status(near, "GET / HTTP/1.1\r\n\r\n").now_or_never();
            assert_eq!(asked.ok_or("it waits for more")??, expected, "{said}");
        }
        Ok(())
    }
}
