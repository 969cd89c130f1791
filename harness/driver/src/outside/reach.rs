//! Which families the container can call over.

use std::net::IpAddr;

use dualproof_model::evidence::{Testimony, Told};
use dualproof_model::family::{AddressSet, IpFamily, parse_ip};
use dualproof_wire::{Destination, Outcome};

/// What `docker inspect` is asked: the container's addresses on each of its networks, a line each; none while it does not run.
pub(super) const FORMAT: &str = "{{if .State.Running}}{{range .NetworkSettings.Networks}}{{println .IPAddress}}{{println .GlobalIPv6Address}}{{end}}{{end}}";

/// Reads the addresses that Docker gave the container.
pub(super) fn addresses(text: &str) -> AddressSet {
    text.lines().filter_map(|line| parse_ip(line.trim()).ok()).collect()
}

/// Takes back what a container without a family told of its calls over it, and what it told of calls that never left it: the
/// cluster is not to blame. `before` and `after` are its addresses; nothing is known of them after it has died, and then what
/// it had told by then counts.
pub(super) fn without_a_way(testimonies: &mut [Testimony], before: &AddressSet, after: Option<&AddressSet>) {
    for testimony in testimonies {
        let Some(family) = dialled(testimony) else { continue };
        let lacks = |addresses: &AddressSet| addresses.of_family(family).is_empty();
        let why = if lacks(before) {
            format!("the container outside has no {family} address on its Docker network")
        } else if after.is_some_and(lacks) {
            format!("the container outside lost its {family} address while it called")
        } else if never_left(testimony) {
            format!("the container outside has no way out over {family}: its own kernel refused to connect")
        } else {
            continue;
        };
        testimony.told = Told::Lost(why);
    }
}

fn dialled(testimony: &Testimony) -> Option<IpFamily> {
    match &testimony.ask.to {
        Destination::Address(address) => Some(IpFamily::of(&address.ip())),
        Destination::Name { .. } => None,
    }
}

/// A socket that went nowhere has no port of its own: the nodes are neighbours, so that a connection which leaves the container
/// has one, whatever becomes of it.
fn never_left(testimony: &Testimony) -> bool {
    let Some(attempt) = testimony.attempt() else { return false };
    let own: Option<IpAddr> = attempt.local.map(|socket| socket.ip());
    attempt.outcome == Outcome::Unreachable && own.is_none_or(|own| own.is_unspecified())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use dualproof_model::evidence::CallStage;
    use dualproof_wire::{Ask, Attempt, Protocol, Report};
    use jiff::Timestamp;

    use super::*;

    const DUAL: &str = "172.20.0.2\nfc00:f853:ccd:e793::2\n";

    fn told(to: &str, local: Option<&str>, outcome: &Outcome) -> Result<Testimony, Box<dyn std::error::Error>> {
        let address: SocketAddr = to.parse()?;
        let local = local.map(str::parse).transpose()?;
        let attempt = Attempt {
            address,
            local,
            connect_micros: None,
            first_byte_micros: None,
            status: None,
            outcome: outcome.clone(),
        };
        Ok(Testimony {
            cell: "outside/a.b/1".to_owned(),
            stage: CallStage::Mesh,
            client: None,
            from: Timestamp::default(),
            until: Timestamp::default(),
            ask: Ask {
                id: "1".to_owned(),
                token: "t".to_owned(),
                to: Destination::Address(address),
                protocol: Protocol::Tcp,
                deadline_millis: 1,
                payload: 0,
                own_port: true,
            },
            told: Told::Report(Report {
                id: "1".to_owned(),
                resolutions: Vec::new(),
                attempts: vec![attempt],
                outcome: outcome.clone(),
                micros: 1,
            }),
        })
    }

    fn lost(testimonies: &[Testimony]) -> Vec<Option<&str>> {
        let why = |testimony: &'_ Testimony| match &testimony.told {
            Told::Lost(why) => why.clone(),
            Told::Report(_) => String::new(),
        };
        let words = ["no IPv6 address", "lost its IPv6 address", "no way out over IPv6"];
        testimonies.iter().map(|testimony| words.into_iter().find(|word| why(testimony).contains(word))).collect()
    }

    #[test]
    fn docker_s_addresses_are_read_and_empty_lines_are_none() {
        assert_eq!(addresses(DUAL).of_family(IpFamily::IPv6).to_string(), "{fc00:f853:ccd:e793::2}");
        assert!(addresses("172.20.0.2\n\n").of_family(IpFamily::IPv6).is_empty());
        assert!(addresses("").is_empty());
    }

    #[test]
    fn calls_over_a_family_that_the_container_lacks_are_lost_whatever_they_came_to()
    -> Result<(), Box<dyn std::error::Error>> {
        let made = || -> Result<_, Box<dyn std::error::Error>> {
            Ok([
                told("172.20.0.3:30000", Some("172.20.0.2:1"), &Outcome::Refused)?,
                told("[fc00:f853:ccd:e793::3]:30000", Some("[fc00:f853:ccd:e793::2]:1"), &Outcome::Refused)?,
                told("[fc00:f853:ccd:e793::3]:30000", None, &Outcome::Unreachable)?,
                told("[fc00:f853:ccd:e793::3]:30000", Some("[fc00:f853:ccd:e793::2]:1"), &Outcome::Unreachable)?,
            ])
        };
        let (dual, single) = (addresses(DUAL), addresses("172.20.0.2\n\n"));
        let seen = |before: &AddressSet, after: Option<&AddressSet>| -> Result<_, Box<dyn std::error::Error>> {
            let mut testimonies = made()?;
            without_a_way(&mut testimonies, before, after);
            Ok(lost(&testimonies).into_iter().map(|word| word.map(str::to_owned)).collect::<Vec<_>>())
        };
        let word = |text: &str| Some(text.to_owned());
        let (none, gone) = (word("no IPv6 address"), word("lost its IPv6 address"));
        assert_eq!(seen(&dual, Some(&dual))?, [None, None, word("no way out over IPv6"), None]);
        assert_eq!(
            seen(&dual, None)?,
            [None, None, word("no way out over IPv6"), None],
            "it died: what it told counts"
        );
        assert_eq!(seen(&single, Some(&single))?, [None, none.clone(), none.clone(), none]);
        assert_eq!(seen(&dual, Some(&single))?, [None, gone.clone(), gone.clone(), gone]);
        Ok(())
    }
}
