//! Which questions a name asks, and what they say together.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use dualproof_wire::{Outcome, Records, Resolution, ResolutionOutcome};
use hickory_proto::rr::Name;

use super::Conf;
use super::question::Question;

/// What came of looking a name up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// All questions, in their order; with both records A before AAAA, although they were asked at the same time.
    pub resolutions: Vec<Resolution>,
    /// The addresses in the order in which to try them: IPv6 first, then as answered.
    pub addresses: Vec<IpAddr>,
    /// Why there are none; none when there are.
    pub lost: Option<Outcome>,
}

/// Who is asked, and how names are completed.
#[derive(Clone, Debug)]
pub struct Search {
    /// What `resolv.conf` says.
    pub conf: Conf,
    /// The port that resolvers listen on.
    pub port: u16,
}

impl Search {
    /// Looks a name up until `deadline`: candidate after candidate, until one of them is not NXDOMAIN. (glibc goes on after NODATA,
    /// musl does not; the name that exists without an address is what is to be seen here.) A resolver other than that of
    /// `resolv.conf` is asked when it is given.
    pub async fn look_up(&self, name: &str, records: Records, resolver: Option<IpAddr>, deadline: Instant) -> Lookup {
        let resolver = SocketAddr::new(resolver.unwrap_or(self.conf.resolver), self.port);
        let mut resolutions = Vec::new();
        for candidate in self.candidates(name) {
            let question = |is_aaaa| Question {
                name: &candidate,
                is_aaaa,
                resolver,
                patience: self.conf.timeout,
                attempts: self.conf.attempts,
            };
            let asked = match records {
                Records::A => vec![question(false).ask(deadline).await],
                Records::Aaaa => vec![question(true).ask(deadline).await],
                Records::Both => {
                    let (a, aaaa) = (question(false), question(true));
                    let (a, aaaa) = tokio::join!(a.ask(deadline), aaaa.ask(deadline));
                    vec![a, aaaa]
                }
            };
            let is_unknown = asked.iter().all(|answer| answer.outcome == ResolutionOutcome::NxDomain);
            resolutions.extend(asked);
            if !is_unknown {
                break;
            }
        }
        let mut addresses: Vec<IpAddr> =
            resolutions.iter().flat_map(|answer| &answer.addresses).map(IpAddr::to_canonical).collect();
        addresses.sort_by_key(IpAddr::is_ipv4);
        let lost = addresses.is_empty().then(|| lost(&resolutions));
        Lookup { resolutions, addresses, lost }
    }

    fn candidates(&self, name: &str) -> Vec<Name> {
        let absolute = |text: &str| {
            let mut name = Name::from_ascii(text).ok()?;
            name.set_fqdn(true);
            Some(name)
        };
        if name.ends_with('.') {
            return absolute(name).into_iter().collect();
        }
        let searched =
            self.conf.search.iter().filter_map(|domain| absolute(&format!("{name}.{}", domain.trim_end_matches('.'))));
        let is_first = name.matches('.').count() >= self.conf.ndots;
        let itself = absolute(name);
        let (before, after) = if is_first { (itself, None) } else { (None, itself) };
        before.into_iter().chain(searched).chain(after).collect()
    }
}

/// Tells whether a text can be asked as a name: labels of at most 63 bytes of printable ASCII, at most 255 bytes (RFC 1035, 2.3.4).
#[must_use]
pub fn looks_like_a_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic()) && Name::from_ascii(text).is_ok_and(|name| name.num_labels() > 0)
}

/// The last candidate's answers decide; the resolver's failure goes before what it says of one family.
fn lost(resolutions: &[Resolution]) -> Outcome {
    let last = resolutions.last().map(|last| last.name.as_str());
    let of_last = || resolutions.iter().filter(|answer| Some(answer.name.as_str()) == last);
    let outcomes = of_last().map(|answer| match &answer.outcome {
        ResolutionOutcome::Timeout => (0, Outcome::Timeout),
        ResolutionOutcome::Broken(words) => (1, Outcome::Failed(format!("look-up: {words}"))),
        ResolutionOutcome::ServFail => (2, Outcome::ServFail),
        ResolutionOutcome::Code(code) => (3, Outcome::Failed(format!("look-up: response code {code}"))),
        ResolutionOutcome::Answered | ResolutionOutcome::NoData => (4, Outcome::NoData),
        ResolutionOutcome::NxDomain => (5, Outcome::NxDomain),
    });
    outcomes.min_by_key(|(rank, _)| *rank).map_or(Outcome::NxDomain, |(_, outcome)| outcome)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn search(ndots: usize) -> Search {
        let conf = Conf {
            resolver: IpAddr::from([127, 0, 0, 1]),
            search: vec!["ns.svc.cluster.local".to_owned(), "svc.cluster.local.".to_owned()],
            ndots,
            timeout: Duration::from_secs(1),
            attempts: 1,
        };
        Search { conf, port: 53 }
    }

    fn candidates(ndots: usize, name: &str) -> Vec<String> {
        search(ndots).candidates(name).iter().map(Name::to_ascii).collect()
    }

    #[test]
    fn candidates_follow_ndots() {
        let searched = ["echo.v6.ns.svc.cluster.local.", "echo.v6.svc.cluster.local."];
        assert_eq!(candidates(5, "echo.v6"), [searched[0], searched[1], "echo.v6."]);
        assert_eq!(candidates(1, "echo.v6"), ["echo.v6.", searched[0], searched[1]]);
        assert_eq!(candidates(5, "echo.v6."), ["echo.v6."]);
    }

    #[test]
    fn what_cannot_be_asked_is_no_name() {
        assert!(looks_like_a_name("_dns.a-b.example."));
        for bad in ["", ".", "a b", "a..b", "\u{e9}.example", &"a".repeat(64)] {
            assert!(!looks_like_a_name(bad), "{bad}");
        }
    }

    #[test]
    fn the_last_name_decides_and_a_failing_resolver_before_a_family() -> Result<(), Box<dyn std::error::Error>> {
        let answer = |name: &str, outcome| -> Result<Resolution, std::net::AddrParseError> {
            let resolver = "127.0.0.1:53".parse()?;
            Ok(Resolution {
                name: name.to_owned(),
                records: Records::A,
                resolver,
                outcome,
                addresses: vec![],
                micros: 1,
            })
        };
        let unknown = answer("a.", ResolutionOutcome::NxDomain)?;
        let no_data = answer("b.", ResolutionOutcome::NoData)?;
        assert_eq!(lost(&[unknown.clone(), no_data.clone()]), Outcome::NoData);
        assert_eq!(lost(&[no_data.clone(), answer("b.", ResolutionOutcome::ServFail)?]), Outcome::ServFail);
        assert_eq!(lost(&[unknown]), Outcome::NxDomain);
        assert_eq!(lost(&[no_data, answer("b.", ResolutionOutcome::Timeout)?]), Outcome::Timeout);
        Ok(())
    }
}
