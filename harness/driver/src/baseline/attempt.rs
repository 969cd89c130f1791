//! One call or question, and how an attempt at it becomes evidence.

use std::net::IpAddr;

use dualproof_model::evidence::{Call, CallOutcome, CallStage, DnsQuestion, Pod, PodRef, Target};
use dualproof_model::family::{Host, HostPort, IpFamily};
use dualproof_model::truth::{Baseline, Probe};

use super::manifest::{CLIENT, PORT};
use crate::api::{ApiError, ExecOutput};
use crate::trouble::chain;

/// The scenario that the baseline belongs to.
const SCENARIO: &str = "environment/cluster";

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

    /// Returns the command. For a question, curl asks the resolver of the client's own libc and then says whom it tries to reach,
    /// so an answer is seen even where the connection fails. That the echo server speaks no HTTP matters to nobody.
    pub(super) fn argv(&self) -> Vec<String> {
        match self {
            Self::Call(call) => call.argv.clone(),
            Self::Dns(question) => {
                let family = if question.family == IpFamily::IPv4 { "-4" } else { "-6" };
                let url = format!("http://{}:{PORT}/", question.name);
                let options =
                    ["curl", family, "-v", "-s", "-o", "/dev/null", "--connect-timeout", "3", "--max-time", "3"];
                options.into_iter().map(str::to_owned).chain([url]).collect()
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
            Self::Dns(question) => !question.answers.is_empty(),
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
                question.answers = stderr.lines().filter_map(tried).collect();
                question.outcome = outcome;
                question.millis = millis;
            }
        }
    }
}

/// Reads the address from a line of `curl -v`: `*   Trying [fd00::1]:9000...`, in older versions without the brackets.
fn tried(line: &str) -> Option<IpAddr> {
    let target = line.strip_prefix('*')?.trim().strip_prefix("Trying ")?.trim_end_matches('.');
    match target.parse::<HostPort>().ok()?.host {
        Host::Ip(address) => Some(address),
        Host::Name(_) => None,
    }
}

fn not_made() -> CallOutcome {
    CallOutcome::Lost("it was not made before the budget ended".to_owned())
}

#[cfg(test)]
mod tests {
    use dualproof_model::evidence::AddressKind;
    use dualproof_model::family::parse_ip;

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
    fn an_answer_is_whom_curl_tried_to_reach() -> Result<(), Box<dyn std::error::Error>> {
        assert!(question(IpFamily::IPv6).argv().contains(&"-6".to_owned()));
        assert!(question(IpFamily::IPv4).argv().contains(&"-4".to_owned()));
        let said = |code, stderr: &str| {
            let (stdout, stderr) = (String::new(), stderr.to_owned());
            Ok(ExecOutput { code, stdout, stderr, millis: 5 })
        };
        for (ending, answer) in [
            (said(6, "* Could not resolve host: x (Domain name not found)\n* Closing connection\n"), None),
            (
                said(1, "*   Trying [fd00:10:96::9]:9000...\n* Connected to x (fd00:10:96::9) port 9000\n"),
                Some("fd00:10:96::9"),
            ),
            (said(28, "*   Trying fd00:10:96::9:9000...\n* Connection timed out\n"), Some("fd00:10:96::9")),
            (said(7, "*   Trying 10.96.0.9:9000...\n"), Some("10.96.0.9")),
        ] {
            let mut attempt = question(IpFamily::IPv6);
            attempt.record(ending, 1);
            assert_eq!(attempt.is_settled(), answer.is_some(), "{}", attempt.status());
            let Attempt::Dns(question) = attempt else { return Err("it is a question".into()) };
            let expected: Vec<IpAddr> = answer.map(parse_ip).transpose()?.into_iter().collect();
            assert_eq!(question.answers, expected);
        }
        Ok(())
    }
}
