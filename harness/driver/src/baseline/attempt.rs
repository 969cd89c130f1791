//! One call or question, and how an attempt at it becomes evidence.

use dualproof_model::evidence::{Call, CallOutcome, CallStage, DnsQuestion, Pod, PodRef, Target};
use dualproof_model::family::{IpFamily, parse_ip};
use dualproof_model::truth::{Baseline, Probe};

use super::manifest::{CLIENT, PORT};
use crate::api::{ApiError, ExecOutput};
use crate::trouble::chain;

/// The scenario that the baseline belongs to.
const SCENARIO: &str = "environment/cluster";

/// curl's code for a name that has no address of the wanted family (`CURLE_COULDNT_RESOLVE_HOST`).
const NO_ADDRESS: i32 = 6;

/// Something to ask from a client pod.
#[derive(Clone, Debug)]
pub(super) enum Attempt {
    /// A connection.
    Call(Box<Call>),
    /// A name look-up.
    Dns(Box<DnsQuestion>),
}

impl Attempt {
    /// Makes the call that the baseline owes for a probe; `number` makes its word unique.
    pub(super) fn call(probe: &Probe, node: &str, number: usize) -> Self {
        let family = IpFamily::of(&probe.address);
        let word = format!("baseline-{number}");
        // nc closes its sending side when the word is sent, which is safe without a proxy between.
        let command = format!("echo {word} | nc -w 3 {} {PORT}", probe.address);
        Self::Call(Box::new(Call {
            id: format!("baseline/{node}/{}/{}", probe.target, probe.address),
            scenario: SCENARIO.to_owned(),
            stage: CallStage::Baseline,
            client: probe.client.clone(),
            container: CLIENT.to_owned(),
            target: Target { namespace: Baseline::NAMESPACE.to_owned(), name: probe.target.clone(), port: PORT },
            address_kind: probe.kind,
            address: probe.address.to_string(),
            family: Some(family),
            argv: vec!["sh".to_owned(), "-c".to_owned(), command],
            reply: Some(format!("hello {word}")),
            outcome: not_made(),
            stdout: String::new(),
            stderr: String::new(),
            millis: 0,
        }))
    }

    /// Makes the question for the dual Service's addresses of one family.
    pub(super) fn question(client: &Pod, family: IpFamily) -> Self {
        let service = Baseline::REQUIRE;
        Self::Dns(Box::new(DnsQuestion {
            id: format!("baseline/{}/{service}/{}", client.node, family.record_type()),
            client: client.pod_ref(),
            name: format!("{service}.{}.svc.cluster.local", Baseline::NAMESPACE),
            target: Target { namespace: Baseline::NAMESPACE.to_owned(), name: service.to_owned(), port: PORT },
            family,
            answers: Vec::new(),
            outcome: not_made(),
            millis: 0,
        }))
    }

    pub(super) fn client(&self) -> &PodRef {
        match self {
            Self::Call(call) => &call.client,
            Self::Dns(question) => &question.client,
        }
    }

    /// Returns the command. The resolver of the client's own libc is asked by curl, which then connects and says to which address;
    /// that the echo server does not speak HTTP ends curl with an error and matters to nobody.
    pub(super) fn argv(&self) -> Vec<String> {
        match self {
            Self::Call(call) => call.argv.clone(),
            Self::Dns(question) => {
                let family = if question.family == IpFamily::IPv4 { "-4" } else { "-6" };
                let url = format!("http://{}:{PORT}/", question.name);
                let format = "%{remote_ip} %{time_namelookup}";
                [
                    "curl",
                    family,
                    "-s",
                    "-o",
                    "/dev/null",
                    "--connect-timeout",
                    "3",
                    "--max-time",
                    "3",
                    "-w",
                    format,
                    &url,
                ]
                .map(str::to_owned)
                .into()
            }
        }
    }

    /// Tells whether the last attempt went well; others are repeated, because rules in the kernel and records in DNS lag.
    pub(super) fn is_settled(&self) -> bool {
        match self {
            Self::Call(call) => {
                matches!(call.outcome, CallOutcome::Exited(_))
                    && call.reply.as_deref().is_some_and(|reply| call.stdout.lines().any(|line| line.trim() == reply))
            }
            Self::Dns(question) => {
                !question.answers.is_empty()
                    && matches!(question.outcome, CallOutcome::Exited(code) if code != NO_ADDRESS)
            }
        }
    }

    /// Says in a few words what became of it.
    pub(super) fn status(&self) -> String {
        let (id, outcome) = match self {
            Self::Call(call) => (&call.id, &call.outcome),
            Self::Dns(question) => (&question.id, &question.outcome),
        };
        match outcome {
            CallOutcome::Exited(code) => format!("{id} ended with {code}"),
            CallOutcome::Timeout => format!("{id} did not end"),
            CallOutcome::Lost(why) => format!("{id} was lost: {why}"),
        }
    }

    /// Puts an attempt in the place of the one before.
    pub(super) fn record(&mut self, ending: Result<ExecOutput, ApiError>, took: u64) {
        let (outcome, stdout, stderr, millis) = match ending {
            Ok(output) => (CallOutcome::Exited(output.code), output.stdout, output.stderr, output.millis),
            Err(ApiError::ExecDeadline { .. }) => (CallOutcome::Timeout, String::new(), String::new(), took),
            Err(error) => (CallOutcome::Lost(chain(&error)), String::new(), String::new(), took),
        };
        match self {
            Self::Call(call) => {
                (call.outcome, call.stdout, call.stderr, call.millis) = (outcome, stdout, stderr, millis);
            }
            Self::Dns(question) => {
                // `<address> <seconds>`; without a connection there is no address, and the seconds come first.
                let words: Vec<&str> = stdout.split_whitespace().collect();
                question.answers = words.first().and_then(|word| parse_ip(word).ok()).into_iter().collect();
                question.outcome = outcome;
                question.millis = millis;
            }
        }
    }
}

fn not_made() -> CallOutcome {
    CallOutcome::Lost("it was not made before the budget ended".to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use dualproof_model::evidence::AddressKind;

    use super::*;

    fn output(code: i32, stdout: &str) -> Result<ExecOutput, ApiError> {
        Ok(ExecOutput { code, stdout: stdout.to_owned(), stderr: String::new(), millis: 5 })
    }

    fn call(address: &str) -> Result<Attempt, Box<dyn std::error::Error>> {
        let client = PodRef { namespace: Baseline::NAMESPACE.to_owned(), name: "client-x".to_owned() };
        let address: IpAddr = parse_ip(address)?;
        let probe = Probe { client, target: "echo-y".to_owned(), kind: AddressKind::PodIp, address };
        Ok(Attempt::call(&probe, "n1", 7))
    }

    fn question(family: IpFamily) -> Attempt {
        Attempt::question(&Pod { node: "n1".to_owned(), ..Pod::default() }, family)
    }

    #[test]
    fn a_call_dials_the_bare_literal_and_waits_for_its_own_word() -> Result<(), Box<dyn std::error::Error>> {
        let mut attempt = call("fd00:10:244::5")?;
        assert_eq!(attempt.argv(), ["sh", "-c", "echo baseline-7 | nc -w 3 fd00:10:244::5 9000"]);
        assert!(!attempt.is_settled(), "nothing was made yet");
        for (ending, settled) in [
            (output(0, ""), false),
            (output(0, "hello baseline-70\n"), false),
            (Err(ApiError::Cancelled { what: "x".to_owned() }), false),
            (output(0, "hello baseline-7\n"), true),
        ] {
            attempt.record(ending, 1);
            assert_eq!(attempt.is_settled(), settled, "{}", attempt.status());
        }
        let Attempt::Call(call) = attempt else { return Err("it is a call".into()) };
        assert_eq!((call.id.as_str(), call.family), ("baseline/n1/echo-y/fd00:10:244::5", Some(IpFamily::IPv6)));
        Ok(())
    }

    #[test]
    fn a_hang_is_a_timeout_and_a_broken_exec_is_lost() -> Result<(), Box<dyn std::error::Error>> {
        let mut attempt = call("10.0.0.1")?;
        let (command, place, limit) = (String::new(), String::new(), std::time::Duration::from_secs(1));
        attempt.record(Err(ApiError::ExecDeadline { command: command.clone(), place: place.clone(), limit }), 1000);
        assert_eq!(attempt.status(), "baseline/n1/echo-y/10.0.0.1 did not end");
        attempt.record(Err(ApiError::Exec { command, place, why: "no pod".to_owned() }), 3);
        assert!(
            attempt.status().contains("was lost: ") && attempt.status().ends_with("no pod"),
            "{}",
            attempt.status()
        );
        Ok(())
    }

    #[test]
    fn an_answer_is_the_address_that_curl_reached() {
        let mut attempt = question(IpFamily::IPv6);
        assert!(
            attempt.argv().contains(&"-6".to_owned()) && question(IpFamily::IPv4).argv().contains(&"-4".to_owned())
        );
        for (ending, settled) in [
            // No such record; connected and no HTTP; timed out before a connection.
            (output(6, " 0.000000"), false),
            (output(1, "fd00:10:96::9 0.004"), true),
            (output(28, " 0.004"), false),
        ] {
            attempt.record(ending, 1);
            assert_eq!(attempt.is_settled(), settled, "{}", attempt.status());
        }
    }
}
