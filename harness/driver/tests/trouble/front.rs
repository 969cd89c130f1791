//! A door before the API server that can be shut, held shut in silence, and opened again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dualproof_driver::context::RunContext;
use dualproof_driver::wait::{Progress, WaitError, until};
use kube::{Client, Config};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How the door treats who comes.
#[derive(Clone, Copy)]
enum Way {
    Open,
    Silent,
}

/// The door. Every connection through it breaks with a reset when it is shut.
pub(crate) struct Front {
    address: SocketAddr,
    behind: SocketAddr,
    running: Mutex<Option<JoinHandle<()>>>,
    came: Arc<tokio::sync::Notify>,
}

impl Front {
    /// Opens a door before the server at `url`.
    pub(crate) async fn before(url: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let behind = url.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let front = Self { address, behind, running: Mutex::default(), came: Arc::default() };
        front.run(listener, Way::Open)?;
        Ok(front)
    }

    pub(crate) fn client(&self) -> Result<Client, Box<dyn std::error::Error>> {
        Ok(Client::try_from(Config::new(format!("http://{}", self.address).parse()?))?)
    }

    /// Cuts every connection and refuses new ones.
    pub(crate) async fn shut(&self) {
        let running = self.running.lock().ok().and_then(|mut running| running.take());
        if let Some(running) = running {
            running.abort();
            drop(running.await);
        }
    }

    /// Lets everybody through again.
    pub(crate) async fn open(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.again(Way::Open).await
    }

    /// Takes connections and never answers, as the kernel does for a process that is paused.
    pub(crate) async fn fall_silent(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.again(Way::Silent).await
    }

    /// Returns when somebody has come since the last time.
    pub(crate) async fn came(&self) {
        self.came.notified().await;
    }

    async fn again(&self, way: Way) -> Result<(), Box<dyn std::error::Error>> {
        self.shut().await;
        self.run(TcpListener::bind(self.address).await?, way)
    }

    fn run(&self, listener: TcpListener, way: Way) -> Result<(), Box<dyn std::error::Error>> {
        let (behind, came) = (self.behind, Arc::clone(&self.came));
        let running = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                came.notify_one();
                connections.spawn(carry(stream, behind, way));
            }
        });
        *self.running.lock().map_err(|_| "poisoned")? = Some(running);
        Ok(())
    }
}

async fn carry(mut near: TcpStream, behind: SocketAddr, way: Way) {
    // What is cut is cut with a reset.
    drop(near.set_zero_linger());
    match (way, TcpStream::connect(behind).await) {
        (Way::Open, Ok(mut far)) => drop(tokio::io::copy_bidirectional(&mut near, &mut far).await),
        _ => std::future::pending().await,
    }
}

/// Lets a moment pass in which a client that asks again does so.
pub(crate) async fn a_moment(context: &RunContext) -> Result<(), WaitError> {
    let mut looks = 0;
    until(context, "a moment", Duration::from_secs(60), || {
        looks += 1;
        std::future::ready(if looks < 4 { Progress::NotYet(String::new()) } else { Progress::Done(()) })
    })
    .await
}
