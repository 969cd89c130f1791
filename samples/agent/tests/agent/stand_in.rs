//! The programs that the agent stands in for, by the names that a shell finds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::{Command, Output, Stdio};

use crate::programs::{Tested, feed};

/// Runs a program by its name, as `sh` on a PATH with our links would.
fn play(name: &str, words: &[&str], input: &str) -> Result<Output, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let link = folder.path().join(name);
    symlink(env!("CARGO_BIN_EXE_agent"), &link)?;
    let mut child =
        Command::new(link).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdin = child.stdin.take().ok_or("no stdin")?;
    let input = input.to_owned();
    let feeder = std::thread::spawn(move || feed(stdin, &input));
    let output = child.wait_with_output()?;
    feeder.join().map_err(|_| "the feeder died")?;
    Ok(output)
}

/// Reads what one client sends until it stops, answers, and returns what was read.
fn once(listener: &TcpListener, until: &str, answer: &str) -> std::io::Result<String> {
    let (mut stream, _) = listener.accept()?;
    let mut heard = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while !heard.ends_with(until) && reader.read_line(&mut heard)? > 0 {}
    let mut rest = String::new();
    if until.is_empty() {
        reader.read_to_string(&mut rest)?;
    }
    stream.write_all(answer.as_bytes())?;
    Ok(heard + &rest)
}

#[test]
fn nc_sends_its_input_and_prints_what_comes_after_its_end() -> Tested {
    for host in ["127.0.0.1", "::1"] {
        let listener = TcpListener::bind((host, 0))?;
        let port = listener.local_addr()?.port().to_string();
        let server = std::thread::spawn(move || once(&listener, "", "hello dual\n"));
        let output = play("nc", &["-w", "30", host, &port], "dual\n")?;
        assert_eq!(server.join().map_err(|_| "the server died")??, "dual\n");
        assert_eq!(String::from_utf8(output.stdout)?, "hello dual\n", "{host}");
        assert_eq!(output.status.code(), Some(0), "{host}");
    }
    Ok(())
}

#[test]
fn nc_says_that_nobody_listens() -> Tested {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    drop(listener);
    let output = play("nc", &["127.0.0.1", &port], "x\n")?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr)?.contains("refused"));
    Ok(())
}

#[test]
fn curl_tells_what_it_tries_and_takes_nothing_but_http() -> Tested {
    for (answer, code) in [("HTTP/1.1 200 OK\r\n\r\n", 0), ("hello GET\n", 1), ("", 52)] {
        let listener = TcpListener::bind("[::1]:0")?;
        let place = listener.local_addr()?;
        let server = std::thread::spawn(move || once(&listener, "\r\n\r\n", answer));
        let words = ["-6", "-v", "-s", "-o", "/dev/null", "--connect-timeout", "30", "--max-time", "30"];
        let url = format!("http://{place}/");
        let output = play("curl", &[&words[..], &[&url]].concat(), "")?;
        assert!(server.join().map_err(|_| "the server died")??.starts_with("GET / HTTP/1.1\r\n"));
        assert_eq!(output.status.code(), Some(code), "{answer:?}");
        let said = String::from_utf8(output.stderr)?;
        assert!(said.lines().any(|line| line == format!("*   Trying {place}...")), "{said}");
    }
    Ok(())
}

#[test]
fn what_a_stand_in_does_not_know_is_refused() -> Tested {
    for (name, words) in [
        ("nc", &["-u", "127.0.0.1", "1"][..]),
        ("nc", &["127.0.0.1", "none"]),
        ("curl", &["--head", "http://127.0.0.1/"]),
        ("curl", &["-o", "kept", "http://127.0.0.1/"]),
        ("tcp-echo", &["9000"]),
        ("tcp-echo", &["x", "hello"]),
    ] {
        let output = play(name, words, "")?;
        assert_eq!(output.status.code(), Some(2), "{name} {words:?}");
        assert!(output.stderr.starts_with(b"error: "), "{name} {words:?}");
    }
    Ok(())
}
