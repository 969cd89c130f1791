//! Thousands of calls by one prober.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use dualproof_wire::{Ask, Outcome, Protocol};

use crate::peers::{echo, line, peer, right};
use crate::programs::{Tested, agent, ask, feed, lines, probe, read_all, reports, threads};

const CALLS: usize = 10_000;

/// Few enough for the backlog of std's listener.
const CONCURRENCY: &[&str] = &["--concurrency", "64"];

fn asks(address: std::net::SocketAddr) -> Vec<Ask> {
    (0..CALLS).map(|n| ask(&n.to_string(), address, Protocol::Tcp)).collect()
}

#[test]
fn of_ten_thousand_answers_exactly_the_corrupted_ones_differ() -> Tested {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        // Each a different place in the answer, so that no byte is left out of the comparison.
        let is_corrupted = |n: usize| n % 1000 == 137;
        let address = peer(address, move |stream| {
            echo(stream, |token, mut answer| {
                let number: usize = token.trim_start_matches("t-").parse().unwrap_or_default();
                let place = (number / 1000) * (answer.len() - 1) / 9;
                if is_corrupted(number) {
                    answer[place] ^= 1;
                }
                answer
            })
        })?;
        let asks = asks(address);
        let different: BTreeSet<usize> = probe(CONCURRENCY, &asks)?
            .iter()
            .enumerate()
            .filter(|(n, report)| report.outcome != Outcome::Replied(right(&asks[*n].token)))
            .map(|(n, _)| n)
            .collect();
        assert_eq!(different, (0..CALLS).filter(|n| is_corrupted(*n)).collect());
    }
    Ok(())
}

#[test]
fn a_prober_that_is_killed_leaves_whole_lines() -> Tested {
    let address = peer("127.0.0.1:0", |stream| echo(stream, |_, answer| answer))?;
    let mut child =
        agent(&[&["probe"], CONCURRENCY].concat()).stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
    let stdin = child.stdin.take().ok_or("no stdin")?;
    let input = lines(&asks(address))?;
    let feeder = thread::spawn(move || feed(stdin, &input));
    let mut stdout = BufReader::new(child.stdout.take().ok_or("no stdout")?);
    let mut written = Vec::new();
    for _ in 0..2000 {
        stdout.read_until(b'\n', &mut written)?;
    }
    // Nobody reads now: the pipe is full soon, and most calls are still to be made.
    assert!(threads(&child)? <= 4, "main, writer and two that call");
    child.kill()?;
    child.wait()?;
    feeder.join().map_err(|_| "the feeder died")?;
    written.extend(read_all(stdout)?);
    assert_eq!(written.last(), Some(&b'\n'));
    let reports = reports(&written)?;
    let ids: BTreeSet<_> = reports.iter().map(|report| &report.id).collect();
    assert_eq!(ids.len(), reports.len());
    assert!(reports.len() >= 2000 && reports.len() < CALLS, "{}", reports.len());
    Ok(())
}

#[test]
fn a_prober_whose_reader_has_gone_says_so_and_ends() -> Tested {
    let address = peer("127.0.0.1:0", |stream| echo(stream, |_, answer| answer))?;
    let mut child = agent(&[&["probe"], CONCURRENCY].concat()).stdin(Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    feed(child.stdin.take().ok_or("no stdin")?, &lines(&asks(address))?);
    let output = child.wait_with_output()?;
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr)?.starts_with("error: cannot write to standard output: Broken pipe"));
    Ok(())
}

#[test]
fn a_call_with_a_port_of_its_own_takes_none_that_another_call_had() -> Tested {
    for (one, other) in [("127.0.0.1:0", "127.0.0.2:0"), ("[::1]:0", "[::1]:0")] {
        let servers = [one, other].map(|address| peer(address, |stream| echo(stream, |_, answer| answer)));
        let servers = servers.into_iter().collect::<Result<Vec<_>, _>>()?;
        let asks: Vec<Ask> =
            (0..2000).map(|n| Ask { own_port: true, ..ask(&n.to_string(), servers[n % 2], Protocol::Tcp) }).collect();
        let reports = probe(CONCURRENCY, &asks)?;
        let locals = reports.iter().flat_map(|report| &report.attempts).filter_map(|attempt| attempt.local);
        let ports: BTreeSet<u16> = locals.map(|local| local.port()).collect();
        assert_eq!(ports.len(), asks.len(), "one after another and beside each other");
    }
    Ok(())
}

#[test]
fn ports_are_counted_from_the_turn_that_was_told() -> Tested {
    let address = peer("127.0.0.1:0", |stream| echo(stream, |_, answer| answer))?;
    let asks: Vec<Ask> =
        (0..100).map(|n| Ask { own_port: true, ..ask(&n.to_string(), address, Protocol::Tcp) }).collect();
    // More turns than there are ports begin anew.
    let reports = probe(&["--turn", &(3 * 46_768 + 20_000).to_string()], &asks)?;
    let ports: BTreeSet<u16> =
        reports.iter().filter_map(|report| report.attempts[0].local).map(|local| local.port()).collect();
    // Some may be somebody else's.
    assert!(ports.iter().all(|port| (38_768..39_768).contains(port)), "{ports:?}");
    Ok(())
}

#[test]
fn calls_that_wait_make_room_for_others_as_far_as_there_is_room() -> Tested {
    // Nobody is answered before three have asked.
    for (waiting, deadline_millis, outcome) in
        [("2", 5000, Outcome::Replied(right("t-0"))), ("1", 500, Outcome::Timeout)]
    {
        let mut held = Vec::new();
        let address = peer("127.0.0.1:0", move |stream| {
            held.push((line(&stream)?, stream));
            if held.len() < 3 {
                return Ok(());
            }
            held.drain(..).try_for_each(|(token, mut stream)| writeln!(stream, "{}", right(&token)).map_err(Into::into))
        })?;
        let asks: Vec<Ask> =
            (0..3).map(|n| Ask { deadline_millis, ..ask(&n.to_string(), address, Protocol::Tcp) }).collect();
        let reports = probe(&["--concurrency", "1", "--waiting", waiting], &asks)?;
        assert_eq!(reports[0].outcome, outcome, "room for {waiting} that wait");
    }
    Ok(())
}
