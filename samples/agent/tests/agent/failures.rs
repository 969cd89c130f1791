//! Every way in which a call fails has its own class, over both families.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

use dualproof_wire::{Ask, Outcome, Protocol};
use socket2::{Domain, Socket, Type};

use crate::peers::{has_ended, line, peer, reset, right};
use crate::programs::{Tested, ask, lines, probe, run};

const LOOPBACK: [&str; 2] = ["127.0.0.1:0", "[::1]:0"];

fn short(mut ask: Ask) -> Ask {
    ask.deadline_millis = 300;
    ask
}

/// An address where nobody listens, held so that nobody else gets it.
fn nobody(address: &str) -> Result<(Socket, SocketAddr), Box<dyn std::error::Error>> {
    let address: SocketAddr = address.parse()?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    let own = socket.local_addr()?.as_socket().ok_or("no address")?;
    Ok((socket, own))
}

#[test]
fn refused_reset_and_closed_are_told_apart() -> Tested {
    for address in LOOPBACK {
        let (_held, refused) = nobody(address)?;
        let at_once = peer(address, |stream| {
            line(&stream)?;
            reset(stream)
        })?;
        let closed = peer(address, |stream| {
            // All of it, or the close is a reset.
            stream.set_read_timeout(Some(Duration::from_millis(100)))?;
            while (&stream).read(&mut [0; 1024]).is_ok_and(|read| read > 0) {}
            Ok(())
        })?;
        let part = peer(address, |mut stream| {
            line(&stream)?;
            Ok(stream.write_all(b"half an ans")?)
        })?;
        let asks = [
            ask("refused", refused, Protocol::Tcp),
            ask("refused-http", refused, Protocol::Http1),
            ask("reset", at_once, Protocol::Tcp),
            ask("reset-h2c", at_once, Protocol::H2c),
            ask("reset-http", at_once, Protocol::Http1),
            ask("closed", closed, Protocol::Tcp),
            ask("closed-first", closed, Protocol::TcpServerFirst),
            ask("closed-http", closed, Protocol::Http1),
            ask("closed-h2c", closed, Protocol::H2c),
            ask("part", part, Protocol::Tcp),
        ];
        let reports = probe(&[], &asks)?;
        let outcomes: Vec<&Outcome> = reports.iter().map(|report| &report.outcome).collect();
        assert_eq!(
            outcomes,
            [
                &Outcome::Refused,
                &Outcome::Refused,
                &Outcome::Reset,
                &Outcome::Reset,
                &Outcome::Reset,
                &Outcome::Closed,
                &Outcome::Closed,
                &Outcome::Closed,
                &Outcome::Closed,
                &Outcome::Replied("half an ans".to_owned())
            ]
        );
        assert_eq!(reports[0].attempts[0].connect_micros, None);
        assert!(reports[2].attempts[0].connect_micros.is_some() && reports[2].attempts[0].first_byte_micros.is_none());
    }
    Ok(())
}

#[test]
fn udp_without_a_listener_is_refused_and_without_an_answer_times_out() -> Tested {
    for address in LOOPBACK {
        let silent = UdpSocket::bind(address)?;
        // Connected to itself it takes nothing from others, and nobody else gets its port.
        let deaf = UdpSocket::bind(address)?;
        let refused = deaf.local_addr()?;
        deaf.connect(refused)?;
        let asks = [ask("refused", refused, Protocol::Udp), short(ask("silent", silent.local_addr()?, Protocol::Udp))];
        let reports = probe(&[], &asks)?;
        assert_eq!((&reports[0].outcome, &reports[1].outcome), (&Outcome::Refused, &Outcome::Timeout));
    }
    Ok(())
}

#[test]
fn a_timeout_says_how_far_the_call_came() -> Tested {
    for address in LOOPBACK {
        let mute = TcpListener::bind(address)?;
        // Linux takes one connection more than the backlog says; then it drops what asks.
        let full = Socket::new(Domain::for_address(address.parse()?), Type::STREAM, None)?;
        full.bind(&address.parse::<SocketAddr>()?.into())?;
        full.listen(0)?;
        let full_address = full.local_addr()?.as_socket().ok_or("no address")?;
        let _waiting = std::net::TcpStream::connect(full_address)?;
        let asks = [
            short(ask("mute", mute.local_addr()?, Protocol::Tcp)),
            short(ask("mute-first", mute.local_addr()?, Protocol::TcpServerFirst)),
            short(ask("mute-http", mute.local_addr()?, Protocol::Http1)),
            short(ask("full", full_address, Protocol::Tcp)),
        ];
        let reports = probe(&[], &asks)?;
        for report in &reports {
            assert_eq!(report.outcome, Outcome::Timeout, "{report:?}");
            assert!(report.attempts[0].local.is_some(), "{report:?}");
            assert_eq!(report.attempts[0].connect_micros.is_some(), report.id != "full", "{report:?}");
            assert_eq!(report.attempts[0].first_byte_micros, None);
        }
    }
    Ok(())
}

#[test]
fn the_client_keeps_its_side_open_until_it_is_answered() -> Tested {
    let (tell, told) = mpsc::channel();
    let address = peer("[::1]:0", move |mut stream| {
        let token = line(&stream)?;
        let answer = right(&token);
        let (first, second) = answer.split_at(9);
        stream.write_all(first.as_bytes())?;
        tell.send(has_ended(&stream)?)?;
        stream.write_all(second.as_bytes())?;
        tell.send(has_ended(&stream)?)?;
        Ok(stream.write_all(b"\n")?)
    })?;
    let reports = probe(&[], &[ask("1", address, Protocol::Tcp)])?;
    assert_eq!(reports[0].outcome, Outcome::Replied(right("t-1")));
    assert_eq!((told.recv()?, told.recv()?), (false, false));
    Ok(())
}

#[test]
fn bytes_that_are_no_text_and_long_answers_are_kept_as_far_as_said() -> Tested {
    let bytes = peer("127.0.0.1:0", |mut stream| {
        line(&stream)?;
        Ok(stream.write_all(b"a\xffb\n")?)
    })?;
    let long = peer("127.0.0.1:0", |mut stream| {
        line(&stream)?;
        Ok(stream.write_all(&[b'y'; 10_000])?)
    })?;
    let reports = probe(&[], &[ask("bytes", bytes, Protocol::Tcp), ask("long", long, Protocol::Tcp)])?;
    assert_eq!(reports[0].outcome, Outcome::Replied("a\u{fffd}b".to_owned()));
    assert_eq!(reports[1].outcome, Outcome::Replied("y".repeat(4096)));
    Ok(())
}

#[test]
fn an_error_status_is_kept_beside_its_text() -> Tested {
    let address = peer("127.0.0.1:0", |mut stream| {
        line(&stream)?;
        Ok(stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 19\r\n\r\nRBAC: access denied")?)
    })?;
    let reports = probe(&[], &[ask("1", address, Protocol::Http1)])?;
    assert_eq!(reports[0].outcome, Outcome::Replied("RBAC: access denied".to_owned()));
    assert_eq!(reports[0].attempts[0].status, Some(403));
    Ok(())
}

#[test]
fn one_bad_line_and_nothing_is_called() -> Tested {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let good = lines(&[ask("1", listener.local_addr()?, Protocol::Tcp)])?;
    let output = run(&["probe"], &format!("{good}{{\"id\":2}}\n"))?;
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let words = String::from_utf8(output.stderr)?;
    assert!(words.starts_with("error: line 2 of standard input: invalid type: integer `2`"), "{words}");
    assert!(listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    Ok(())
}
