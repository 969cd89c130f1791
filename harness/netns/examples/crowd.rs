//! How long pods take: `cargo run --release -p dualproof-netns --example crowd [PODS]` (100 without), printed as a table.
//!
//! Each pod is a namespace with a pair of interfaces to its node, addresses, neighbours and routes of both families, and Istio's redirect; then the
//! node gets as many services as there are pods, with two backends each. Needs no system program, and root only where user namespaces are
//! forbidden.

use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use dualproof_netns::confine::{Confinement, Standing, confine};
use dualproof_netns::link::Change;
use dualproof_netns::traffic::{Front, Redirect, Services, Transport, VirtualService};
use dualproof_netns::{Namespace, NetnsError};
use ipnet::IpNet;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    match confine(&Confinement { ends_with_parent: true, ..Confinement::default() })? {
        Standing::Outside { code } => return Ok(ExitCode::from(code)),
        Standing::Inside => {}
    }
    let count = std::env::args().nth(1).map_or(Ok(100), |text| text.parse::<u16>())?;
    let mut times: Vec<(&str, Vec<Duration>)> =
        ["namespace", "pair", "addresses and routes", "redirect"].map(|name| (name, Vec::new())).into();
    let start = Instant::now();
    let node = Namespace::new("node")?;
    let mut pods = Vec::new();
    for index in 0..count {
        pods.push(pod(&node, index, &mut times)?);
    }
    let all = start.elapsed();
    let services = services(count)?;
    let start = Instant::now();
    node.serve(&services)?;
    let first = start.elapsed();
    let start = Instant::now();
    node.serve(&services)?;
    let again = start.elapsed();
    let memory = std::fs::read_to_string("/proc/self/status")?;
    let start = Instant::now();
    drop(pods);
    drop(node);
    let dropped = start.elapsed();

    let mut out = std::io::stdout();
    for (name, mut spent) in times {
        spent.sort_unstable();
        let at = |share: usize| spent.get(spent.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
        writeln!(out, "{name:24} median {:>10.1?}  p95 {:>10.1?}", at(50), at(95))?;
    }
    writeln!(out, "{:24} {all:.1?}, {:.1?} each", format!("{count} pods"), all / u32::from(count.max(1)))?;
    writeln!(out, "{:24} {first:.1?}, replaced in {again:.1?}", format!("{} services", 2 * count))?;
    writeln!(out, "{:24} {dropped:.1?}", "dropped")?;
    for line in memory.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("Threads")) {
        writeln!(out, "{line}")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn addresses(index: u16) -> [IpAddr; 2] {
    let v4 = u32::from(Ipv4Addr::new(10, 244, 0, 10)) + u32::from(index);
    [Ipv4Addr::from(v4).into(), Ipv6Addr::new(0xfd00, 0x10, 0x244, 0, 0, 0, 0, 10 + index).into()]
}

fn pod(node: &Namespace, index: u16, times: &mut [(&str, Vec<Duration>)]) -> Result<Namespace, NetnsError> {
    let mut last = Instant::now();
    let mut lap = |stage: usize| {
        times[stage].1.push(last.elapsed());
        last = Instant::now();
    };
    let pod = Namespace::new(&format!("pod-{index}"))?;
    lap(0);
    let far = format!("veth{index}");
    let pair = pod.join("eth0", node, &far)?;
    lap(1);
    let gateways = [IpAddr::V4(Ipv4Addr::new(169, 254, 1, 1)), Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1).into()];
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for (address, gateway) in addresses(index).into_iter().zip(gateways) {
        let everything = match gateway {
            IpAddr::V4(_) => IpNet::V4(ipnet::Ipv4Net::default()),
            IpAddr::V6(_) => IpNet::V6(ipnet::Ipv6Net::default()),
        };
        inside.push(Change::address("eth0", address.into()));
        inside.push(Change::neighbour("eth0", gateway, pair.far));
        inside.push(Change::route(everything, "eth0", Some(gateway)));
        outside.push(Change::route(address.into(), &far, None));
        outside.push(Change::neighbour(&far, address, pair.near));
    }
    pod.apply(&inside)?;
    node.apply(&outside)?;
    lap(2);
    pod.redirect(&Redirect::default())?;
    lap(3);
    Ok(pod)
}

fn services(count: u16) -> Result<Services, NetnsError> {
    let mut services = Vec::new();
    for index in 0..count {
        let backends = [addresses(index), addresses((index + 1) % count)];
        let fronts = [
            Ipv4Addr::from(0x0a60_0000 + u32::from(index) + 1).into(),
            Ipv6Addr::new(0xfd00, 0x10, 0x96, 0, 0, 0, 0, index + 1).into(),
        ];
        for (family, front) in fronts.into_iter().enumerate() {
            let front: IpAddr = front;
            services.push(VirtualService {
                transport: Transport::Tcp,
                front: Front::Address(SocketAddr::new(front, 80)),
                backends: backends.iter().map(|pod| SocketAddr::new(pod[family], 8080)).collect(),
            });
        }
    }
    Services::new(services)
}
