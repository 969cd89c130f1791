//! Binds everything, says so, and serves until it is told to end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dualproof_wire::{Bind, Bound, Protocol, Service};
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

use super::identity::{pod_ips, variable};
use super::protocol::{Witness, keep, over_http, over_tcp, over_udp, prepare};
use super::{Identity, Listen, ServeError, open};
use crate::address::canonical;

/// How many connections are served at a time at most, where the limit of open files leaves room for them.
const MOST_CONNECTIONS: u64 = 4096;

/// What to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// The sockets, by what they serve.
    pub sockets: Vec<(Service, Listen)>,
    /// Whether to go on without a socket that cannot be bound.
    pub may_fail: bool,
    /// How long a connection may be silent.
    pub idle: Duration,
    /// How many threads serve.
    pub threads: usize,
}

/// A bound socket.
enum Open {
    Tcp(Service, TcpListener),
    Udp(UdpSocket, quinn_udp::UdpSocketState),
}

/// Binds the sockets, writes one [`Bound`] line each, and serves until SIGTERM or SIGINT, which end it at once.
///
/// # Errors
///
/// [`ServeError`] when the server does not start. A socket that cannot be bound is none when `may_fail` says so, unless none can.
pub fn run(options: &Options) -> Result<(), ServeError> {
    if options.sockets.is_empty() {
        return Err(ServeError::Nothing);
    }
    let identity = Arc::new(Identity::read(variable)?);
    let pod_ips = pod_ips(variable)?;
    let places = options
        .sockets
        .iter()
        .map(|(service, listen)| listen.place(&pod_ips).map(|(bind, address)| (*service, bind, address)))
        .collect::<Result<Vec<_>, _>>()?;
    let runtime =
        runtime(options.threads).map_err(|source| ServeError::System { what: "start the runtime", source })?;
    let ended = runtime.block_on(serve(options, &identity, places));
    // A connection in the middle must not hold the end up.
    runtime.shutdown_background();
    ended
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(threads).max_blocking_threads(1).enable_all().build()
}

async fn serve(
    options: &Options,
    identity: &Arc<Identity>,
    places: Vec<(Service, Bind, SocketAddr)>,
) -> Result<(), ServeError> {
    // Before the first Bound line, so that whoever reads it may send the signal. As a container's first process the agent would
    // otherwise ignore it.
    let listen_for = |kind| signal(kind).map_err(|source| ServeError::System { what: "listen for signals", source });
    let (mut terminate, mut interrupt) = (listen_for(SignalKind::terminate())?, listen_for(SignalKind::interrupt())?);
    let room = Arc::new(Semaphore::new(most_connections()));
    let mut opened = Vec::new();
    let mut refused = None;
    for (service, bind, wanted) in places {
        match open(service, bind, wanted) {
            Ok((socket, address)) => {
                say(&Bound { service, bind, address: canonical(address), error: None })?;
                let witness = Witness { identity: Arc::clone(identity), bind, port: address.port() };
                opened.push((socket, witness));
            }
            Err(source) => {
                let error = Some(source.to_string());
                let problem = ServeError::Bind { service: word(service), address: wanted, bind: mode(bind), source };
                if !options.may_fail {
                    return Err(problem);
                }
                say(&Bound { service, bind, address: wanted, error })?;
                refused = Some(problem);
            }
        }
    }
    if let (true, Some(problem)) = (opened.is_empty(), refused) {
        return Err(problem);
    }
    for (socket, witness) in opened {
        attend(socket, witness, Arc::clone(&room), options.idle);
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn open(service: Service, bind: Bind, wanted: SocketAddr) -> io::Result<(Open, SocketAddr)> {
    if service == Service::Udp {
        let socket = open::udp(bind, wanted)?;
        let state = prepare(&socket)?;
        let socket = UdpSocket::from_std(socket)?;
        let address = socket.local_addr()?;
        return Ok((Open::Udp(socket, state), address));
    }
    let listener = TcpListener::from_std(open::tcp(bind, wanted)?)?;
    let address = listener.local_addr()?;
    Ok((Open::Tcp(service, listener), address))
}

fn attend(socket: Open, witness: Witness, room: Arc<Semaphore>, idle: Duration) {
    match socket {
        Open::Udp(socket, state) => {
            tokio::spawn(over_udp(witness, socket, state));
        }
        Open::Tcp(Service::Http, listener) => {
            let serve = move |stream, ends| over_http(witness.clone(), stream, ends, idle);
            tokio::spawn(keep(listener, room, serve));
        }
        Open::Tcp(service, listener) => {
            let protocol = if service == Service::ServerFirst { Protocol::TcpServerFirst } else { Protocol::Tcp };
            let serve = move |stream, ends| over_tcp(witness.clone(), protocol, stream, ends, idle);
            tokio::spawn(keep(listener, room, serve));
        }
    }
}

fn say(bound: &Bound) -> Result<(), ServeError> {
    let write = || {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, bound)?;
        out.write_all(b"\n")?;
        out.flush()
    };
    write().map_err(|source| ServeError::System { what: "write to standard output", source })
}

/// Half of the files that may be open, so that accepting never fails for want of a descriptor.
fn most_connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from((files / 2).clamp(1, MOST_CONNECTIONS)).unwrap_or(1)
}

const fn word(service: Service) -> &'static str {
    match service {
        Service::Tcp => "tcp",
        Service::ServerFirst => "server-first",
        Service::Http => "http",
        Service::Udp => "udp",
    }
}

fn mode(bind: Bind) -> String {
    match bind {
        Bind::V4Any => "any IPv4 address".to_owned(),
        Bind::V6Only => "any IPv6 address, IPv6 alone".to_owned(),
        Bind::DualAny => "any address of both families".to_owned(),
        Bind::Address(_) => "one address".to_owned(),
    }
}
