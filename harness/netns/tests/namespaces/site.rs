//! A node with pods, and somebody outside.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dualproof_model::family::{IpFamily, PerFamily};
use dualproof_netns::link::Change;
use dualproof_netns::{Namespace, NetnsError};
use ipnet::IpNet;

/// More than any answer on this machine takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(10);

pub(crate) struct Site {
    pub(crate) node: Namespace,
    pub(crate) outside: Namespace,
    pub(crate) pods: Vec<Pod>,
    /// The node's own addresses.
    pub(crate) addresses: PerFamily<IpAddr>,
}

pub(crate) struct Pod {
    pub(crate) namespace: Namespace,
    pub(crate) addresses: PerFamily<IpAddr>,
}

impl Site {
    /// Makes a node with pods, as the embedded cluster does.
    pub(crate) fn new(pods: u8) -> Result<Self, Box<dyn std::error::Error>> {
        let node = Namespace::new("node")?;
        node.set("ipv4/ip_forward", "1")?;
        node.set("ipv6/conf/all/forwarding", "1")?;
        let outside = Namespace::new("outside")?;
        node.join("eth0", &outside, "eth0")?;
        let mut own = Vec::new();
        for net in ["172.18.0.2/16", "fc00:f853:ccd:e793::2/64"] {
            own.push(Change::address("eth0", net.parse()?));
        }
        for (to, via) in [("0.0.0.0/0", "172.18.0.3"), ("::/0", "fc00:f853:ccd:e793::3")] {
            own.push(Change::route(to.parse()?, "eth0", Some(via.parse()?)));
        }
        node.apply(&own)?;
        let mut theirs = Vec::new();
        for net in ["172.18.0.3/16", "fc00:f853:ccd:e793::3/64"] {
            theirs.push(Change::address("eth0", net.parse()?));
        }
        outside.apply(&theirs)?;
        let addresses = PerFamily { v4: "172.18.0.2".parse()?, v6: "fc00:f853:ccd:e793::2".parse()? };
        let pods = (0..pods).map(|index| Pod::new(&node, index)).collect::<Result<_, _>>()?;
        Ok(Self { node, outside, pods, addresses })
    }
}

impl Pod {
    fn new(node: &Namespace, index: u8) -> Result<Self, Box<dyn std::error::Error>> {
        let number = u16::from(index) + 10;
        let addresses =
            PerFamily { v4: format!("10.244.0.{number}").parse()?, v6: format!("fd00:10:244::{number}").parse()? };
        let namespace = Namespace::new(&format!("pod-{index}"))?;
        let far = format!("veth{index}");
        let pair = namespace.join("eth0", node, &far)?;
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for (family, address) in addresses.iter() {
            let (gateway, all): (IpAddr, IpNet) = match family {
                IpFamily::IPv4 => ("169.254.1.1".parse()?, "0.0.0.0/0".parse()?),
                IpFamily::IPv6 => ("fe80::1".parse()?, "::/0".parse()?),
            };
            inside.push(Change::address("eth0", IpNet::from(*address)));
            inside.push(Change::neighbour("eth0", gateway, pair.far));
            inside.push(Change::route(all, "eth0", Some(gateway)));
            outside.push(Change::route(IpNet::from(*address), &far, None));
            outside.push(Change::neighbour(&far, *address, pair.near));
        }
        namespace.apply(&inside)?;
        node.apply(&outside)?;
        Ok(Self { namespace, addresses })
    }

    pub(crate) fn at(&self, family: IpFamily, port: u16) -> SocketAddr {
        SocketAddr::new(*self.addresses.get(family), port)
    }
}

/// Where a call came from, and its destination before a redirect.
type Caller = (SocketAddr, Option<SocketAddr>);

/// A server that says its word, and what it knows of each caller.
pub(crate) struct Server {
    seen: Arc<Mutex<Vec<Caller>>>,
}

impl Server {
    /// Serves in a thread of its own until this program ends.
    pub(crate) fn start(namespace: &Namespace, address: SocketAddr, word: &str) -> Result<Self, NetnsError> {
        let listener = namespace.listen(address)?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (word, list) = (word.to_owned(), Arc::clone(&seen));
        std::thread::spawn(move || serve(&listener, &word, &list));
        Ok(Self { seen })
    }

    /// The callers so far, and the destination that each had before a redirect.
    pub(crate) fn seen(&self) -> Vec<Caller> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn serve(listener: &TcpListener, word: &str, seen: &Mutex<Vec<Caller>>) {
    while let Ok((mut stream, caller)) = listener.accept() {
        let socket = socket2::SockRef::from(&stream);
        let original = if caller.is_ipv4() { socket.original_dst_v4() } else { socket.original_dst_v6() };
        let original = original.ok().and_then(|address| address.as_socket());
        seen.lock().unwrap_or_else(PoisonError::into_inner).push((caller, original));
        let _is_written = stream.write_all(word.as_bytes()).is_ok();
    }
}

/// Calls and returns the word of whoever answered.
pub(crate) fn call(
    namespace: &Namespace,
    address: SocketAddr,
    mark: Option<u32>,
) -> Result<String, Box<dyn std::error::Error>> {
    heard(namespace.connect(address, mark, LIMIT)?)
}

fn heard(mut stream: TcpStream) -> Result<String, Box<dyn std::error::Error>> {
    stream.set_read_timeout(Some(LIMIT))?;
    let mut word = String::new();
    stream.read_to_string(&mut word)?;
    Ok(word)
}

/// Tells why a call fails.
pub(crate) fn refusal(namespace: &Namespace, address: SocketAddr) -> Option<std::io::ErrorKind> {
    match namespace.connect(address, None, LIMIT) {
        Err(NetnsError::System { source, .. }) => Some(source.kind()),
        _ => None,
    }
}
