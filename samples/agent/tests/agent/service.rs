//! The server's life: its start, its limits, its end; and the small faces.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpListener, TcpStream};

use dualproof_wire::{Answer, Bound, Held, Outcome, Protocol, Service, Sockets};
use rustix::process::Signal;

use crate::programs::{Server, Tested, answer, ask, lines, probe, read, run, serve, threads};

fn exchange(address: SocketAddr, sent: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(sent)?;
    let mut answer = Vec::new();
    // A close with unread bytes resets, which says the same.
    let _ = stream.read_to_end(&mut answer);
    Ok(answer)
}

#[test]
fn a_connection_sends_many_lines_and_each_is_answered() -> Tested {
    let server = Server::start("lines", &["--tcp", "dual:0"])?;
    let mut stream = TcpStream::connect(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), server.bound[0].address.port()))?;
    stream.write_all(b"one\ntw")?;
    stream.write_all(b"o and more\r\nthree")?;
    stream.shutdown(Shutdown::Write)?;
    let answers: Vec<Answer> = BufReader::new(stream).lines().map(|line| read(&line?)).collect::<Result<_, _>>()?;
    let tokens: Vec<_> = answers.iter().filter_map(|answer| answer.token.as_deref()).collect();
    assert_eq!(tokens, ["one", "two", "three"]);
    assert!(answers.iter().all(|answer| answer.connection == 1 && answer.local.is_ipv4()));
    Ok(())
}

#[test]
fn what_is_no_request_is_answered_by_a_close_and_the_server_goes_on() -> Tested {
    let server = Server::start("bad", &["--tcp", "[::1]:0", "--http", "[::1]:0", "--udp", "[::1]:0"])?;
    let [tcp, http, udp] = [0, 1, 2].map(|n: usize| server.bound[n].address);
    for bad in [b"\n".as_slice(), b"\xff\xfe\n", b"a\x00b\n", &[b'x'; 2000], &[b'x'; 200_000]] {
        let bad = [bad, b"\n"].concat();
        assert_eq!(exchange(tcp, &bad)?, b"");
    }
    for bad in
        [b"\x00\x01\x02\r\n\r\n".as_slice(), b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense, not frames"]
    {
        let text = String::from_utf8_lossy(&exchange(http, bad)?).into_owned();
        assert!(!text.contains("\"run\""), "{text}");
    }
    let refused = exchange(http, b"GET / HTTP/1.1\r\nhost: a\r\nx-dualproof-token: \xe9\r\n\r\n")?;
    assert!(refused.starts_with(b"HTTP/1.1 400 "), "{refused:?}");
    let client = std::net::UdpSocket::bind("[::1]:0")?;
    client.send_to(b"\xff", udp)?;
    client.send_to(b"", udp)?;
    let asks = [ask("1", tcp, Protocol::Tcp), ask("2", http, Protocol::Http1), ask("3", udp, Protocol::Udp)];
    for report in probe(&[], &asks)? {
        assert!(answer(&report).is_some(), "{report:?}");
    }
    Ok(())
}

#[test]
fn a_silent_connection_is_closed() -> Tested {
    let server = Server::start("idle", &["--tcp", "[::1]:0", "--http", "[::1]:0", "--idle", "1"])?;
    for bound in &server.bound {
        let mut stream = TcpStream::connect(bound.address)?;
        assert_eq!(stream.read(&mut [0])?, 0);
    }
    Ok(())
}

#[test]
fn sigterm_ends_the_server_at_once_whatever_is_open() -> Tested {
    let mut server = Server::start("term", &["--tcp", "[::1]:0", "--http", "[::1]:0"])?;
    let mut open = TcpStream::connect(server.bound[0].address)?;
    open.write_all(b"one\n")?;
    open.read_exact(&mut [0; 16])?;
    let mut half = TcpStream::connect(server.bound[1].address)?;
    half.write_all(b"GET /")?;
    assert!(threads(&server.child)? <= 3, "main and two that serve");
    server.signal(Signal::TERM)?;
    assert_eq!(server.child.wait()?.code(), Some(0));
    let mut rest = String::new();
    server.stdout.read_to_string(&mut rest)?;
    assert_eq!(rest, "");
    Ok(())
}

#[test]
fn a_socket_that_cannot_be_bound_is_named_and_may_be_let_go() -> Tested {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let place = taken.local_addr()?.to_string();
    let output = serve("taken", &["--tcp", "[::1]:0", "--http", &place]).output()?;
    assert_eq!(output.status.code(), Some(2));
    let words = String::from_utf8(output.stderr)?;
    assert!(
        words.starts_with(&format!("error: cannot bind http {place} (one address): Address already in use")),
        "{words}"
    );
    let server = Server::start("taken", &["--may-fail", "--tcp", "[::1]:0", "--http", &place])?;
    assert_eq!(server.bound[0].error, None);
    assert_eq!(server.bound[1].address, taken.local_addr()?);
    assert!(server.bound[1].error.as_deref().is_some_and(|error| error.starts_with("Address already in use")));
    let output = serve("taken", &["--may-fail", "--http", &place]).output()?;
    assert_eq!(output.status.code(), Some(2));
    Ok(())
}

#[test]
fn a_server_that_does_not_know_who_it_is_does_not_start() -> Tested {
    let output = serve("x", &["--tcp", "[::1]:0"]).env_remove("POD_UID").env_remove("NODE_NAME").output()?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr)?.starts_with("error: the environment has no POD_UID, NODE_NAME\nhint: "));
    for words in [&[][..], &["--tcp", "::1:80"], &["--tcp", "dual"], &["--tcp", "[::1]:0", "--threads", "0"]] {
        assert_eq!(serve("x", words).output()?.status.code(), Some(2), "{words:?}");
    }
    let output = serve("x", &["--tcp", "pod-v6:0"]).env("POD_IPS", "10.0.0.1").output()?;
    assert!(String::from_utf8(output.stderr)?.starts_with("error: POD_IPS holds no IPv6 address for `pod-v6:0`"));
    Ok(())
}

#[test]
fn open_sockets_are_listed_by_family() -> Tested {
    let words =
        ["--tcp", "0.0.0.0:0", "--http", "dual:0", "--tcp", "[::1]:0", "--udp", "127.0.0.1:0", "--udp", "[::]:0"];
    let server = Server::start("sockets", &words)?;
    let output = run(&["sockets"], "")?;
    let sockets: Sockets = serde_json::from_slice(&output.stdout)?;
    for Bound { service, address, .. } in &server.bound {
        let table = match (service, address.is_ipv4()) {
            (Service::Udp, true) => &sockets.udp,
            (Service::Udp, false) => &sockets.udp6,
            (_, true) => &sockets.tcp,
            (_, false) => &sockets.tcp6,
        };
        assert!(table.as_ref().is_some_and(|table| table.contains(address)), "{address} {sockets:?}");
    }
    Ok(())
}

#[test]
#[cfg(target_endian = "little")]
fn tables_are_read_from_a_folder_and_a_missing_one_stays_absent() -> Tested {
    let folder = tempfile::tempdir()?;
    let head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
    let any = "00000000000000000000000000000000:0000";
    let tables = [
        ("tcp", "0: 0100007F:1F90 00000000:0000 0A 0:0\n 1: 0100007F:1F90 0100007F:D431 01 0:0\n".to_owned()),
        (
            "tcp6",
            format!(
                "0: 00000000000000000000000001000000:0016 {any} 0A 0:0\n 1: 0000000000000000FFFF00000200007F:0050 {any} 0A 0:0\n"
            ),
        ),
        ("udp", "0: 00000000:0035 00000000:0000 07 0:0\n 1: 0100007F:0036 0100007F:0035 01 0:0\n".to_owned()),
    ];
    for (name, lines) in tables {
        std::fs::write(folder.path().join(name), format!("{head}{lines}"))?;
    }
    let place = folder.path().to_str().ok_or("no path")?;
    let output = run(&["sockets", "--proc", place], "")?;
    let sockets: Sockets = serde_json::from_slice(&output.stdout)?;
    assert_eq!(sockets.tcp, Some(vec!["127.0.0.1:8080".parse()?]));
    assert_eq!(sockets.tcp6, Some(vec!["127.0.0.2:80".parse()?, "[::1]:22".parse()?]));
    assert_eq!(sockets.udp, Some(vec!["0.0.0.0:53".parse()?]));
    assert_eq!(sockets.udp6, None);
    std::fs::write(folder.path().join("udp6"), format!("{head}nonsense\n"))?;
    let output = run(&["sockets", "--proc", place], "")?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr)?.contains("udp6:2: no socket"));
    Ok(())
}

#[test]
fn steady_calls_are_counted_for_each_ask() -> Tested {
    let server = Server::start("hold", &["--tcp", "dual:0", "--udp", "[::1]:0"])?;
    let held = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    held.bind(&"127.0.0.1:0".parse::<SocketAddr>()?.into())?;
    let nobody = held.local_addr()?.as_socket().ok_or("no address")?;
    let own = |ip: IpAddr| SocketAddr::new(ip, server.bound[0].address.port());
    let asks = [
        ask("v4", own("127.0.0.1".parse()?), Protocol::Tcp),
        ask("v6", own("::1".parse()?), Protocol::Tcp),
        ask("udp", server.bound[1].address, Protocol::Udp),
        ask("nobody", nobody, Protocol::Tcp),
    ];
    let output = run(&["hold", "--seconds", "1", "--rate", "40"], &lines(&asks)?)?;
    let text = String::from_utf8(output.stdout)?;
    let held: Vec<Held> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    assert_eq!(held.iter().map(|held| held.id.as_str()).collect::<Vec<_>>(), ["v4", "v6", "udp", "nobody"]);
    for held in &held {
        assert!((1..=40).contains(&held.sent), "{held:?}");
        assert_eq!(held.sent, held.replied + held.lost.values().sum::<u64>());
    }
    assert!(held[..3].iter().all(|held| held.lost.is_empty() && held.longest_gap_millis < 1000), "{held:?}");
    assert_eq!(held[3].lost.get(Outcome::Refused.word()), Some(&held[3].sent));
    assert_eq!((held[3].replied, held[3].longest_gap_millis), (0, 1000));
    Ok(())
}
