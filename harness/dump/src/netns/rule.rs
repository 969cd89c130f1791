//! One rule in the words of `iptables-save`.

use dualproof_model::evidence::{IdRange, Match, Matcher, PortRange, Rule, RuleTarget};
use ipnet::IpNet;

/// Options that begin a condition or the target; every other word belongs to what came before it.
const HEADS: [&str; 9] = ["-p", "-s", "-d", "-i", "-o", "-m", "-j", "-g", "-f"];

/// Parses what stands behind `-A CHAIN`. Every word is found again in the result: what is not understood is [`Match::Other`].
pub(super) fn rule(text: &str) -> Rule {
    let words = words(text);
    let mut rule = Rule { text: text.to_owned(), ..Rule::default() };
    let mut at = 0;
    while at < words.len() {
        let negated = words[at] == "!" && words.get(at + 1).is_some_and(|word| HEADS.contains(word));
        let start = at + usize::from(negated);
        let end = end_of(&words, start);
        let (head, rest) = (words[start], &words[start + 1..end]);
        match (head, rest) {
            ("-j" | "-g", [name, options @ ..]) if !negated && rule.target.is_none() => {
                rule.target = Some(target(name, head == "-g", options));
            }
            ("-m", [module, options @ ..]) if !negated => match extension(module, options) {
                Some(known) => rule.matchers.extend(known),
                None => rule.matchers.push(other(&words[at..end])),
            },
            (head, [value]) => rule.matchers.push(match plain(head, value) {
                Some(what) => Matcher { negated, what },
                None => other(&words[at..end]),
            }),
            _ => rule.matchers.push(other(&words[at..end])),
        }
        at = end;
    }
    rule
}

/// Finds where the words of an option end: before the next head, or before the `!` of it.
fn end_of(words: &[&str], start: usize) -> usize {
    // The options of a target are all that is left: nothing follows it.
    if matches!(words[start], "-j" | "-g") {
        return words.len();
    }
    let next = words.iter().skip(start + 1).position(|word| HEADS.contains(word));
    match next.map(|offset| start + 1 + offset) {
        Some(head) if head > start + 1 && words[head - 1] == "!" => head - 1,
        Some(head) => head,
        None => words.len(),
    }
}

fn plain(head: &str, value: &str) -> Option<Match> {
    Some(match head {
        "-p" => Match::Protocol(value.to_owned()),
        "-s" => Match::Source(network(value)?),
        "-d" => Match::Destination(network(value)?),
        "-i" => Match::InInterface(value.to_owned()),
        "-o" => Match::OutInterface(value.to_owned()),
        _ => return None,
    })
}

/// Reads the options of a module; `None` where one of them is not known, so that the whole is kept as it is.
fn extension(module: &str, options: &[&str]) -> Option<Vec<Matcher>> {
    let mut matchers = Vec::new();
    let mut rest = options;
    while !rest.is_empty() {
        let negated = rest[0] == "!";
        let [option, value, behind @ ..] = &rest[usize::from(negated)..] else { return None };
        let what = match (module, *option) {
            ("tcp" | "udp" | "sctp" | "dccp" | "multiport", "--sport" | "--sports") => {
                Match::SourcePorts(ports(value)?)
            }
            ("tcp" | "udp" | "sctp" | "dccp" | "multiport", "--dport" | "--dports") => {
                Match::DestinationPorts(ports(value)?)
            }
            ("owner", "--uid-owner") => Match::UidOwner(ids(value)?),
            ("owner", "--gid-owner") => Match::GidOwner(ids(value)?),
            ("mark", "--mark") => mark(value)?,
            _ => return None,
        };
        matchers.push(Matcher { negated, what });
        rest = behind;
    }
    // A module of its own that says nothing more, such as `-m socket`, is a condition; `-m tcp` only repeats `-p tcp`.
    (!matchers.is_empty() || matches!(module, "tcp" | "udp")).then_some(matchers)
}

fn target(name: &str, goes: bool, options: &[&str]) -> RuleTarget {
    let port = options.windows(2).find_map(|pair| match (name, pair[0]) {
        ("REDIRECT", "--to-ports") | ("TPROXY", "--on-port") => range(pair[1], '-'),
        _ => None,
    });
    RuleTarget { name: name.to_owned(), goes, port, options: options.join(" ") }
}

fn other(words: &[&str]) -> Matcher {
    Matcher { negated: false, what: Match::Other(words.join(" ")) }
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
}

fn ports(text: &str) -> Option<Vec<PortRange>> {
    text.split(',').map(|one| range(one, ':')).collect()
}

fn range(text: &str, separator: char) -> Option<PortRange> {
    let (first, last) = text.split_once(separator).unwrap_or((text, text));
    Some(PortRange { first: first.parse().ok()?, last: last.parse().ok()? })
}

fn ids(text: &str) -> Option<IdRange> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(IdRange { first: first.parse().ok()?, last: last.parse().ok()? })
}

fn mark(text: &str) -> Option<Match> {
    let (value, mask) = text.split_once('/').unwrap_or((text, "0xffffffff"));
    Some(Match::Mark { value: hex(value)?, mask: hex(mask)? })
}

fn hex(text: &str) -> Option<u32> {
    match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Splits at spaces outside of double quotes; a backslash takes the next letter as it is. The words keep their quotes.
fn words(text: &str) -> Vec<&str> {
    let (mut words, mut start) = (Vec::new(), None);
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        if letter == ' ' && !quoted {
            words.extend(start.take().map(|start| &text[start..at]));
            escaped = false;
            continue;
        }
        start.get_or_insert(at);
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_and_target_has_its_own_form() {
        let rule =
            rule("! -d ::1/128 -o lo -p tcp -m multiport ! --dports 53,15008:15010 -m owner --uid-owner 1337 -j IN");
        let is = |negated, what| Matcher { negated, what };
        let range = |first, last| PortRange { first, last };
        assert_eq!(
            rule.matchers,
            [
                is(true, Match::Destination(IpNet::from(std::net::IpAddr::from(std::net::Ipv6Addr::LOCALHOST)))),
                is(false, Match::OutInterface("lo".to_owned())),
                is(false, Match::Protocol("tcp".to_owned())),
                is(true, Match::DestinationPorts(vec![range(53, 53), range(15008, 15010)])),
                is(false, Match::UidOwner(IdRange { first: 1337, last: 1337 })),
            ]
        );
        assert_eq!(
            rule.target.map(|target| (target.name, target.goes, target.port)),
            Some(("IN".to_owned(), false, None))
        );
        let marked = super::rule(
            "-p tcp -m mark ! --mark 0x53a -j TPROXY --on-port 15006 --on-ip :: --tproxy-mark 0x539/0xffffffff",
        );
        assert_eq!(marked.matchers[1], is(true, Match::Mark { value: 0x53a, mask: u32::MAX }));
        let target = marked.target.unwrap_or_default();
        assert_eq!(target.port, Some(range(15006, 15006)));
        assert_eq!(target.options, "--on-port 15006 --on-ip :: --tproxy-mark 0x539/0xffffffff");
    }

    #[test]
    fn what_is_not_understood_is_kept_word_by_word() {
        let cases = [
            ("-m conntrack ! --ctstate INVALID -j DROP", "-m conntrack ! --ctstate INVALID"),
            ("-m comment --comment \"a -j b\" -j DROP", "-m comment --comment \"a -j b\""),
            ("-m comment --comment \"say \\\" -j\" -j DROP", "-m comment --comment \"say \\\" -j\""),
            ("-m socket -j DROP", "-m socket"),
            ("! -f -j DROP", "! -f"),
            ("-s 10.0.0.0/255.0.255.0 -j DROP", "-s 10.0.0.0/255.0.255.0"),
            ("-p tcp -m tcp --dport 80 --syn -j DROP", "-m tcp --dport 80 --syn"),
            ("-m owner --uid-owner root -j DROP", "-m owner --uid-owner root"),
        ];
        for (text, kept) in cases {
            let rule = rule(text);
            assert!(rule.matchers.contains(&other(&[kept])), "{text}: {rule:?}");
            assert_eq!(rule.target.map(|target| target.name).as_deref(), Some("DROP"), "{text}");
        }
    }
}
