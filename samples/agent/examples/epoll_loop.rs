//! The peer of the probe bench: connect, send a token, read the line, look for the token, over and over, with nothing between it and
//! epoll. `epoll_loop THREADS CONCURRENCY CALLS ADDRESS...` prints calls a second, and the median time of a call.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// One connection's state.
struct Turn {
    stream: TcpStream,
    token: String,
    began: Instant,
    sent: bool,
    answer: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let mut number = |what: &str| words.next().ok_or(format!("{what} is missing"));
    let threads: usize = number("THREADS")?.parse()?;
    let concurrency: usize = number("CONCURRENCY")?.parse()?;
    let calls: usize = number("CALLS")?.parse()?;
    let addresses = words.map(|word| word.parse()).collect::<Result<Vec<SocketAddr>, _>>()?;
    let began = Instant::now();
    let mut micros: Vec<u64> = thread::scope(|scope| {
        let share = |total: usize, thread: usize| total / threads + usize::from(thread < total % threads);
        let addresses = &addresses;
        let loops: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || work(thread, share(concurrency, thread), share(calls, thread), addresses))
            })
            .collect();
        loops
            .into_iter()
            .map(|done| done.join().unwrap_or_else(|_| Err(io::Error::other("a thread died"))))
            .collect::<io::Result<Vec<_>>>()
    })?
    .concat();
    let seconds = began.elapsed().as_secs_f64();
    micros.sort_unstable();
    let median = micros.get(micros.len() / 2).ok_or("no calls")?;
    writeln!(io::stdout(), "{:.0} {median}", micros.len() as f64 / seconds)?;
    Ok(())
}

fn work(thread: usize, concurrency: usize, calls: usize, addresses: &[SocketAddr]) -> io::Result<Vec<u64>> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut micros = Vec::with_capacity(calls);
    let mut started = 0;
    let mut begin = |poll: &Poll, slot: usize| {
        let mut stream = TcpStream::connect(addresses[started % addresses.len()])?;
        poll.registry().register(&mut stream, Token(slot), Interest::READABLE | Interest::WRITABLE)?;
        started += 1;
        let token = format!("t-{thread}-{started}");
        io::Result::Ok(Turn { stream, token, began: Instant::now(), sent: false, answer: Vec::with_capacity(512) })
    };
    let mut turns = (0..concurrency.min(calls)).map(|slot| begin(&poll, slot)).collect::<io::Result<Vec<_>>>()?;
    let mut left = calls - turns.len();
    while micros.len() < calls {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Some(turn) = turns.get_mut(event.token().0) else { continue };
            if !step(turn)? {
                continue;
            }
            micros.push(u64::try_from(turn.began.elapsed().as_micros()).unwrap_or(u64::MAX));
            if left > 0 {
                left -= 1;
                *turn = begin(&poll, event.token().0)?;
            }
        }
    }
    Ok(micros)
}

/// Goes as far as the socket lets; true when the answer is there.
fn step(turn: &mut Turn) -> io::Result<bool> {
    if turn.answer.ends_with(b"\n") {
        return Ok(false);
    }
    if !turn.sent {
        if let Some(error) = turn.stream.take_error()? {
            return Err(error);
        }
        match turn.stream.write(format!("{}\n", turn.token).as_bytes()) {
            Ok(_) => turn.sent = true,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) => {}
            Err(error) => return Err(error),
        }
        return Ok(false);
    }
    let mut chunk = [0; 1024];
    match turn.stream.read(&mut chunk) {
        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(length) => turn.answer.extend_from_slice(&chunk[..length]),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
        Err(error) => return Err(error),
    }
    if !turn.answer.ends_with(b"\n") {
        return Ok(false);
    }
    let token = turn.token.as_bytes();
    if turn.answer.windows(token.len()).any(|part| part == token) {
        Ok(true)
    } else {
        Err(io::Error::other(format!("not the answer to {}", turn.token)))
    }
}
