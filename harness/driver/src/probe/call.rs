//! What to call, and how an attempt becomes evidence.

use dualproof_model::evidence::{AddressKind, Call, CallOutcome, CallStage, PodRef, Target};
use dualproof_model::family::{IpFamily, parse_ip};

use crate::api::{ApiError, Transcript};
use crate::trouble::chain;

/// The pods that may make a call: those of a namespace with this label `app`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientSelector {
    /// The namespace.
    pub namespace: String,
    /// The value of the label `app`.
    pub app: String,
}

/// One call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Unique in the bundle: `<scenario>/<call>`.
    pub id: String,
    /// The scenario that asks for it.
    pub scenario: String,
    /// Who calls.
    pub client: ClientSelector,
    /// The container that runs the command.
    pub container: String,
    /// Whom it is meant for.
    pub target: Target,
    /// What kind of address is dialled.
    pub address_kind: AddressKind,
    /// The address as dialled.
    pub address: String,
    /// The command; no shell stands between.
    pub argv: Vec<String>,
    /// The text that a right reply holds; `None` where only the ending counts.
    pub reply: Option<String>,
}

impl Probe {
    /// Returns the family that the address forces; `None` for a name, where the client's resolver chooses.
    #[must_use]
    pub fn family(&self) -> Option<IpFamily> {
        match self.address_kind {
            AddressKind::Name => None,
            AddressKind::ClusterIp | AddressKind::PodIp => {
                parse_ip(&self.address).ok().map(|address| IpFamily::of(&address))
            }
        }
    }

    /// Tells whether an attempt needs no repetition: its output holds the reply, or none is expected and it ended.
    ///
    /// The exit code is not asked: a meshed `nc` ends with 0 whatever happened (research/istio.md section 11).
    #[must_use]
    pub fn is_settled(&self, call: &Call) -> bool {
        match (&call.outcome, &self.reply) {
            (CallOutcome::Exited(_) | CallOutcome::Timeout, Some(reply)) => call.stdout.contains(reply),
            (CallOutcome::Exited(_), None) => true,
            (CallOutcome::Timeout, None) | (CallOutcome::Lost(_), _) => false,
        }
    }

    /// Makes the evidence of one attempt by `pod`. What was heard of a command that did not end stays in it.
    #[must_use]
    pub fn evidence(&self, stage: CallStage, pod: &PodRef, attempt: Transcript) -> Call {
        let Transcript { stdout, stderr, millis, ending } = attempt;
        let outcome = match ending {
            Ok(code) => CallOutcome::Exited(code),
            Err(ApiError::ExecDeadline { .. }) => CallOutcome::Timeout,
            Err(error) => CallOutcome::Lost(chain(&error)),
        };
        Call {
            id: self.id.clone(),
            scenario: self.scenario.clone(),
            stage,
            client: pod.clone(),
            container: self.container.clone(),
            target: self.target.clone(),
            address_kind: self.address_kind,
            address: self.address.clone(),
            family: self.family(),
            argv: self.argv.clone(),
            reply: self.reply.clone(),
            outcome,
            stdout,
            stderr,
            millis,
        }
    }
}
