//! Names: each question and its answer, and which addresses are tried.

use std::error::Error;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use dualproof_wire::{Ask, Destination, Outcome, Protocol, Records, Report, Resolution, ResolutionOutcome};
use socket2::{Domain, Socket, Type};
use tempfile::NamedTempFile;

use crate::programs::{Server, Tested, answer, probe, run};
use crate::resolver::Resolver;

struct Lab {
    resolver: Resolver,
    conf: NamedTempFile,
    server: Server,
}

impl Lab {
    fn start(ip: IpAddr, options: &str) -> Result<Self, Box<dyn Error>> {
        let mut conf = NamedTempFile::new()?;
        write!(conf, "search ns.svc.test svc.test test\nnameserver {ip}\noptions {options}\n")?;
        let server = Server::start("names", &["--tcp", "dual:0"])?;
        Ok(Self { resolver: Resolver::start(ip)?, conf, server })
    }

    fn words(&self) -> Result<[String; 4], Box<dyn Error>> {
        let conf = self.conf.path().to_str().ok_or("no path")?.to_owned();
        Ok(["--resolv-conf".to_owned(), conf, "--resolver-port".to_owned(), self.resolver.port.to_string()])
    }

    fn ask(&self, name: &str, records: Records) -> Ask {
        Ask {
            id: format!("{name}-{records:?}"),
            token: "t-1".to_owned(),
            to: Destination::Name {
                name: name.to_owned(),
                port: self.server.bound[0].address.port(),
                records,
                resolver: None,
            },
            protocol: Protocol::Tcp,
            deadline_millis: 5000,
            payload: 0,
            own_port: false,
        }
    }

    fn probe(&self, asks: &[Ask]) -> Result<Vec<Report>, Box<dyn Error>> {
        let words = self.words()?;
        probe(&words.each_ref().map(String::as_str), asks)
    }
}

fn outcomes(report: &Report) -> Vec<(Records, ResolutionOutcome)> {
    report.resolutions.iter().map(|answer| (answer.records, answer.outcome.clone())).collect()
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

#[test]
fn each_kind_of_answer_is_told_apart_and_each_family_is_its_own_question() -> Tested {
    use ResolutionOutcome::{Answered, Code, NoData, NxDomain, ServFail};
    for resolver in [V4, V6] {
        let lab = Lab::start(resolver, "ndots:1")?;
        let truth: [(&str, Records, ResolutionOutcome, Option<Outcome>); 11] = [
            ("v4.test.", Records::A, Answered, None),
            ("v4.test.", Records::Aaaa, NoData, Some(Outcome::NoData)),
            ("v6.test.", Records::A, NoData, Some(Outcome::NoData)),
            ("v6.test.", Records::Aaaa, Answered, None),
            ("absent.test.", Records::A, NxDomain, Some(Outcome::NxDomain)),
            ("absent.test.", Records::Aaaa, NxDomain, Some(Outcome::NxDomain)),
            ("fail.test.", Records::Aaaa, ServFail, Some(Outcome::ServFail)),
            ("half.test.", Records::Aaaa, ServFail, Some(Outcome::ServFail)),
            ("half.test.", Records::A, Answered, None),
            ("refused.test.", Records::A, Code(5), Some(Outcome::Failed("look-up: response code 5".to_owned()))),
            ("forged.test.", Records::A, Answered, None),
        ];
        let asks: Vec<Ask> = truth.iter().map(|(name, records, ..)| lab.ask(name, *records)).collect();
        for ((name, records, resolution, lost), report) in truth.iter().zip(lab.probe(&asks)?) {
            assert_eq!(outcomes(&report), [(*records, resolution.clone())], "{name}");
            assert_eq!(report.resolutions[0].name, *name);
            assert_eq!(report.resolutions[0].resolver, SocketAddr::new(resolver, lab.resolver.port));
            match lost {
                Some(lost) => assert_eq!((&report.outcome, report.attempts.len()), (lost, 0), "{name}"),
                None => {
                    let wanted = if *records == Records::A { V4 } else { V6 };
                    assert_eq!(report.resolutions[0].addresses, [wanted], "{name}");
                    assert_eq!(answer(&report).map(|answer| answer.local.ip()), Some(wanted), "{report:?}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn with_both_records_ipv6_is_tried_first_and_ipv4_after_it() -> Tested {
    use ResolutionOutcome::{Answered, NoData, ServFail};
    let lab = Lab::start(V4, "ndots:1")?;
    let (_nobody, port) = nobody_over_ipv6()?;
    let only_v4 = Server::start("names", &["--tcp", &format!("127.0.0.1:{port}")])?;
    assert_eq!(only_v4.bound[0].address, SocketAddr::new(V4, port));
    let mut fallen_back = lab.ask("both.test.", Records::Both);
    fallen_back.id = "back".to_owned();
    fallen_back.to =
        Destination::Name { name: "both.test.".to_owned(), port, records: Records::Both, resolver: Some(V4) };
    let asks = [
        lab.ask("both.test.", Records::Both),
        lab.ask("v4.test.", Records::Both),
        lab.ask("half.test.", Records::Both),
        lab.ask("fail.test.", Records::Both),
        fallen_back,
    ];
    let reports = lab.probe(&asks)?;
    assert_eq!(outcomes(&reports[0]), [(Records::A, Answered), (Records::Aaaa, Answered)]);
    assert_eq!(outcomes(&reports[1]), [(Records::A, Answered), (Records::Aaaa, NoData)]);
    assert_eq!(outcomes(&reports[2]), [(Records::A, Answered), (Records::Aaaa, ServFail)]);
    assert_eq!(reports[3].outcome, Outcome::ServFail);
    let locals: Vec<_> = reports.iter().map(|report| answer(report).map(|answer| answer.local.ip())).collect();
    assert_eq!(locals, [Some(V6), Some(V4), Some(V4), None, Some(V4)]);
    let tried: Vec<_> =
        reports[4].attempts.iter().map(|attempt| (attempt.address.ip(), attempt.outcome.word())).collect();
    assert_eq!(tried, [(V6, "refused"), (V4, "replied")]);
    Ok(())
}

#[test]
fn an_address_that_never_answers_leaves_time_for_the_next() -> Tested {
    let lab = Lab::start(V4, "ndots:1")?;
    let (silent, _open) = silent_and_open()?;
    let port = silent.local_addr()?.as_socket().ok_or("no address")?.port();
    let _waiting = TcpStream::connect(SocketAddr::new(V6, port))?;
    let mut ask = lab.ask("both.test.", Records::Both);
    ask.to = Destination::Name { name: "both.test.".to_owned(), port, records: Records::Both, resolver: None };
    ask.deadline_millis = 600;
    let reports = lab.probe(&[ask])?;
    let tried: Vec<_> =
        reports[0].attempts.iter().map(|attempt| (attempt.address.ip(), attempt.connect_micros.is_some())).collect();
    assert_eq!(tried, [(V6, false), (V4, true)], "{reports:?}");
    Ok(())
}

/// One port that takes a single connection over IPv6 and any over IPv4; somebody may have it over IPv4 already: then another.
fn silent_and_open() -> Result<(Socket, TcpListener), Box<dyn Error>> {
    for _ in 0..100 {
        let (silent, port) = held_over_ipv6()?;
        if let Ok(open) = TcpListener::bind(SocketAddr::new(V4, port)) {
            silent.listen(0)?;
            return Ok((silent, open));
        }
    }
    Err("no port is free for both".into())
}

/// One port that nobody serves over IPv6, and that a server may bind over IPv4.
fn nobody_over_ipv6() -> Result<(Socket, u16), Box<dyn Error>> {
    for _ in 0..100 {
        let (held, port) = held_over_ipv6()?;
        if TcpListener::bind(SocketAddr::new(V4, port)).is_ok() {
            return Ok((held, port));
        }
    }
    Err("no port is free for both".into())
}

fn held_over_ipv6() -> Result<(Socket, u16), Box<dyn Error>> {
    let held = Socket::new(Domain::IPV6, Type::STREAM, None)?;
    held.set_only_v6(true)?;
    held.bind(&SocketAddr::new(V6, 0).into())?;
    let port = held.local_addr()?.as_socket().ok_or("no address")?.port();
    Ok((held, port))
}

#[test]
fn a_silent_resolver_is_a_timeout_and_a_lost_question_is_sent_again() -> Tested {
    let lab = Lab::start(V6, "ndots:1 timeout:1 attempts:2")?;
    let mut silent = lab.ask("silent.test.", Records::Aaaa);
    silent.deadline_millis = 300;
    let reports = lab.probe(&[silent, lab.ask("lost.test.", Records::A)])?;
    assert_eq!(outcomes(&reports[0]), [(Records::Aaaa, ResolutionOutcome::Timeout)]);
    assert_eq!(reports[0].outcome, Outcome::Timeout);
    assert_eq!(outcomes(&reports[1]), [(Records::A, ResolutionOutcome::Answered)]);
    assert_eq!(lab.resolver.asked().iter().filter(|asked| *asked == "lost.test. A").count(), 2);
    Ok(())
}

#[test]
fn a_truncated_answer_is_asked_for_over_tcp() -> Tested {
    let lab = Lab::start(V4, "ndots:1")?;
    let words = lab.words()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = run(&[&["resolve", "--records", "a", "long.test."], words.as_slice()].concat(), "")?;
    let resolution: Resolution = serde_json::from_slice(&output.stdout)?;
    assert_eq!((resolution.outcome, resolution.addresses.len()), (ResolutionOutcome::Answered, 200));
    Ok(())
}

#[test]
fn search_domains_are_tried_in_turn_until_a_name_exists() -> Tested {
    let lab = Lab::start(V4, "ndots:5")?;
    let words = lab.words()?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let output = run(&[&["resolve", "--records", "aaaa", "v4", "echo"], words.as_slice()].concat(), "")?;
    assert!(output.status.success());
    assert_eq!(
        lab.resolver.asked(),
        ["v4.ns.svc.test. AAAA", "v4.svc.test. AAAA", "v4.test. AAAA", "echo.ns.svc.test. AAAA"]
    );
    let lines = String::from_utf8(output.stdout)?;
    let last: Vec<Resolution> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let words: Vec<_> = last.iter().map(|resolution| resolution.outcome.clone()).collect();
    use ResolutionOutcome::{Answered, NoData, NxDomain};
    assert_eq!(words, [NxDomain, NxDomain, NoData, Answered]);
    Ok(())
}

#[test]
fn a_configuration_that_cannot_be_used_is_named_before_anything_is_called() -> Tested {
    let output = run(&["resolve", "a.test.", "--resolv-conf", "/nowhere/resolv.conf"], "")?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr)?.starts_with("error: cannot read /nowhere/resolv.conf: No such file"));
    Ok(())
}
