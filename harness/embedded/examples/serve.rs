//! Serves the API of a cluster whose pods only pretend, to try kubectl by hand: `cargo run --example serve [PORT] > kubeconfig`.

#[expect(dead_code, reason = "the tests start it on a port of its own")]
#[path = "../tests/api/puppet.rs"]
mod puppet;

use std::error::Error;
use std::io::Write;

use dualproof_embedded::api::kubeconfig;
use dualproof_embedded::store::istio;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
    let cluster = puppet::start_on(listener, &["10.96.0.0/16", "fd00:10:96::/112"], 2)?;
    cluster.store.install_kinds(istio());
    writeln!(std::io::stdout(), "{}", kubeconfig("puppet", cluster.address))?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
