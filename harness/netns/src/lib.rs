//! Network namespaces with links, addresses, routes and packet-filter rules of both families: everything by system calls and netlink, nothing by
//! a system program, without a line of unsafe code. Linux only; knows no Kubernetes.
//!
//! | room | what it does |
//! | --- | --- |
//! | [`confine`] | becomes the first process of namespaces of its own, root or not; says beforehand what forbids it |
//! | [`namespace`] | one network and mount namespace, held by one thread: children, sockets, mounted files, settings |
//! | [`link`] | pairs of interfaces, addresses without a wait, routes, neighbours; all of it as values |
//! | [`filter`] | tables of nftables as values, written in one batch and read back the same |
//! | [`traffic`] | such tables: Istio's redirect in a pod, a node's service proxy |
//! | [`inspect`] | what is there, in the words of `iptables-save`, `nft -j`, `ip -j` and `/proc/net` |
//!
//! # A node with a pod
//!
//! ```no_run
//! use std::error::Error;
//! use std::process::{Command, ExitCode};
//!
//! use dualproof_netns::Namespace;
//! use dualproof_netns::confine::{Confinement, Standing, confine};
//! use dualproof_netns::traffic::{Front, Redirect, Services, Transport, VirtualService};
//! use dualproof_netns::inspect::FILES;
//! use dualproof_netns::link::Change;
//!
//! fn main() -> Result<ExitCode, Box<dyn Error>> {
//!     // First of all, before any thread: the program is run again inside.
//!     match confine(&Confinement { ends_with_parent: true, ..Confinement::default() })? {
//!         Standing::Outside { code } => return Ok(ExitCode::from(code)),
//!         Standing::Inside => {}
//!     }
//!     let node = Namespace::new("node")?;
//!     node.set("ipv4/ip_forward", "1")?;
//!     node.set("ipv6/conf/all/forwarding", "1")?;
//!
//!     let pod = Namespace::new("pod")?;
//!     let pair = pod.join("eth0", &node, "veth0")?;
//!     pod.apply(&[
//!         Change::address("eth0", "10.244.0.10/32".parse()?),
//!         Change::address("eth0", "fd00:10:244::a/128".parse()?),
//!         // Nobody asks for the gateway's hardware address, so the node needs no address on its end.
//!         Change::neighbour("eth0", "169.254.1.1".parse()?, pair.far),
//!         Change::neighbour("eth0", "fe80::1".parse()?, pair.far),
//!         Change::route("0.0.0.0/0".parse()?, "eth0", Some("169.254.1.1".parse()?)),
//!         Change::route("::/0".parse()?, "eth0", Some("fe80::1".parse()?)),
//!     ])?;
//!     node.apply(&[
//!         Change::route("10.244.0.10/32".parse()?, "veth0", None),
//!         Change::route("fd00:10:244::a/128".parse()?, "veth0", None),
//!         Change::neighbour("veth0", "10.244.0.10".parse()?, pair.near),
//!         Change::neighbour("veth0", "fd00:10:244::a".parse()?, pair.near),
//!     ])?;
//!     pod.redirect(&Redirect::default())?;
//!     node.serve(&Services::new([VirtualService {
//!         transport: Transport::Tcp,
//!         front: Front::Address("[fd00:10:96::80]:80".parse()?),
//!         backends: vec!["[fd00:10:244::a]:8080".parse()?],
//!     }])?)?;
//!
//!     pod.mount("run/pod/resolv.conf".as_ref(), "/etc/resolv.conf".as_ref())?;
//!     let mut envoy = pod.spawn(Command::new("envoy"))?;
//!     for file in FILES {
//!         std::fs::write(file.name(), file.read(&pod)?)?;
//!     }
//!     envoy.kill()?;
//!     envoy.wait()?;
//!     Ok(ExitCode::SUCCESS)
//! }
//! ```
//!
//! # What to know
//!
//! * A [`Namespace`] is a thread and three open files. Links and rules are changed from the calling thread; only children, sockets, mounts and
//!   `/proc` go through its thread, one after the other.
//! * A socket stays in the network namespace in which it was made, whatever thread uses it: [`Namespace::listen`] and its like give sockets of std,
//!   which tokio takes after `set_nonblocking(true)`.
//! * An address of IPv6 is there when [`Namespace::apply`] returns: no duplicate is looked for, and the kernel's local route, which it makes a moment
//!   after its answer, is waited for.
//! * A fault is a value: leave a [`link::Change`] out, switch a family of [`traffic::Redirect`] off, or take a rule out of its tables.
//! * What a namespace holds goes when the last process, socket and [`Namespace`] in it are gone; the kernel takes it down in the background.

mod error;
mod netlink;

pub mod link;

pub mod filter;

pub mod traffic;

pub mod namespace;

pub mod inspect;

pub mod confine;

pub use error::NetnsError;
pub use namespace::Namespace;
