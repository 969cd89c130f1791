//! Calls and name look-ups: one attempt each.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::PodRef;
use crate::family::IpFamily;

/// When a call was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStage {
    /// Before any mesh, by pods without a proxy.
    Baseline,
    /// After the mesh was ready.
    Mesh,
}

/// What kind of address was dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressKind {
    /// A DNS name.
    Name,
    /// A literal clusterIP.
    ClusterIp,
    /// A literal podIP.
    PodIp,
}

/// Whom a call was meant for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The target's namespace.
    pub namespace: String,
    /// The Service's name, or for a podIP the pod's.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CallOutcome {
    /// The command ended with this code. A meshed `nc` exits 0 whatever happened: only the text counts.
    Exited(i32),
    /// It did not end inside its deadline.
    Timeout,
    /// The exec itself failed, so nothing is known of the connection.
    Lost(String),
}

/// One connection attempt, as a command in the client's container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// Unique in the bundle: `<scenario>/<call>` or `baseline/<client node>/<target>/<address>`.
    pub id: String,
    /// The scenario that asked for it.
    pub scenario: String,
    /// Before or after the mesh.
    pub stage: CallStage,
    /// The client.
    pub client: PodRef,
    /// The container that ran the command.
    pub container: String,
    /// Whom it was meant for.
    pub target: Target,
    /// What kind of address was dialled.
    pub address_kind: AddressKind,
    /// The address as dialled.
    pub address: String,
    /// The family that the address forces; `None` for a name, where the client's resolver chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<IpFamily>,
    /// The command, as given to exec.
    pub argv: Vec<String>,
    /// The text that a right reply holds; `None` where only the ending counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// One question to the resolver of a client pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DnsQuestion {
    /// Unique in the bundle.
    pub id: String,
    /// The client.
    pub client: PodRef,
    /// The name asked for.
    pub name: String,
    /// The Service behind it.
    pub target: Target,
    /// `A` for IPv4, `AAAA` for IPv6.
    pub family: IpFamily,
    /// The addresses that came back; empty when none did.
    pub answers: Vec<IpAddr>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// How long it took, in milliseconds.
    pub millis: u64,
}
