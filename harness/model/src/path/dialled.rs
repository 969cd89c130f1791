//! What is known of a call at its two ends.

use std::net::SocketAddr;

use dualproof_wire::{Answer, Outcome};

use crate::answer::read;
use crate::evidence::{PodRef, Testimony};
use crate::family::canonical;
use crate::matrix::{CallCell, ClientKind, Dial, ServerKind};

/// Which ends of a connection the cluster may rewrite between two hops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Translation {
    /// None: a podIP is dialled.
    None,
    /// The destination, from a clusterIP to a podIP.
    Destination,
    /// Both, as for a nodePort: the trail of the sockets ends there.
    Both,
}

/// A call's two ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialled {
    /// The call's id.
    pub id: String,
    /// The client's pod; none outside the cluster.
    pub client: Option<PodRef>,
    /// The client has a sidecar.
    pub client_meshed: bool,
    /// The server has a sidecar.
    pub server_meshed: bool,
    /// The client's own socket; none when it never got one.
    pub socket: Option<SocketAddr>,
    /// The address that it dialled.
    pub address: SocketAddr,
    /// What the cluster may rewrite.
    pub translation: Translation,
    /// The answer to this very call; none when there is none, or when it repeats another call's token.
    pub answer: Option<Answer>,
}

impl Dialled {
    /// Takes both ends from a testimony; `None` when nothing was tried or the report is lost. `meshed` tells whether there is a
    /// mesh at all (`matrix::Roster::meshed`).
    #[must_use]
    pub fn of(testimony: &Testimony, cell: &CallCell, meshed: bool) -> Option<Self> {
        let attempt = testimony.attempt()?;
        let reply = match &attempt.outcome {
            Outcome::Replied(text) => read(text, cell.protocol).ok(),
            _ => None,
        };
        let answer = reply.map(|reply| reply.answer);
        let translation = match (&cell.dial, cell.service.headless) {
            (Dial::NodePort(_), _) => Translation::Both,
            (Dial::PodIp(_), _) | (Dial::Name(_), true) => Translation::None,
            (Dial::ClusterIp, _) | (Dial::Name(_), false) => Translation::Destination,
        };
        Some(Self {
            id: testimony.ask.id.clone(),
            client: testimony.client.clone(),
            client_meshed: meshed && cell.client.kind == ClientKind::Meshed,
            server_meshed: meshed && cell.server == ServerKind::Meshed,
            socket: attempt.local.map(plain),
            address: plain(attempt.address),
            translation,
            answer: answer
                .filter(|answer| answer.token.as_deref() == Some(&testimony.ask.token))
                .map(|answer| Answer { local: plain(answer.local), peer: plain(answer.peer), ..answer }),
        })
    }
}

fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(canonical(address.ip()), address.port())
}
