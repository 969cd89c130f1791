//! A resolver on the loopback whose names say how it answers, over UDP and TCP on one port.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::{RData, Record, RecordType};

/// A running resolver.
pub(crate) struct Resolver {
    pub(crate) port: u16,
    /// The questions over UDP, in the order in which they came.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Resolver {
    pub(crate) fn start(ip: IpAddr) -> Result<Self, Box<dyn Error>> {
        let (udp, tcp) = both(ip)?;
        let port = udp.local_addr()?.port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || over_udp(&udp, &seen));
        thread::spawn(move || over_tcp(&tcp));
        Ok(Self { port, asked })
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().map(|asked| asked.clone()).unwrap_or_default()
    }
}

/// The port of one may be taken of the other: then another.
fn both(ip: IpAddr) -> Result<(UdpSocket, TcpListener), Box<dyn Error>> {
    for _ in 0..100 {
        let udp = UdpSocket::bind(SocketAddr::new(ip, 0))?;
        if let Ok(tcp) = TcpListener::bind(udp.local_addr()?) {
            return Ok((udp, tcp));
        }
    }
    Err("no port is free for both".into())
}

fn over_udp(socket: &UdpSocket, seen: &Mutex<Vec<String>>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut buffer = [0; 4096];
    loop {
        let (length, client) = socket.recv_from(&mut buffer)?;
        let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
        let Some(query) = question.queries.first() else { continue };
        let name = query.name().to_ascii();
        let is_again = seen.lock().is_ok_and(|mut seen| {
            let asked = format!("{name} {}", query.query_type());
            let is_again = seen.contains(&asked);
            seen.push(asked);
            is_again
        });
        if name == "silent.test." || (name == "lost.test." && !is_again) {
            continue;
        }
        let mut answer = answer(&question);
        if name == "forged.test." {
            let mut forged = answer.clone();
            forged.metadata.id ^= 1;
            forged.metadata.response_code = ResponseCode::NXDomain;
            socket.send_to(&forged.to_vec()?, client)?;
        }
        if name == "long.test." {
            answer.answers.clear();
            answer.metadata.truncation = true;
        }
        socket.send_to(&answer.to_vec()?, client)?;
    }
}

fn over_tcp(listener: &TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut question)?;
        let answer = answer(&Message::from_vec(&question)?).to_vec()?;
        stream.write_all(&[&u16::try_from(answer.len())?.to_be_bytes(), answer.as_slice()].concat())?;
    }
    Ok(())
}

fn answer(question: &Message) -> Message {
    let mut answer = question.clone();
    answer.metadata.message_type = MessageType::Response;
    let Some(query) = question.queries.first().cloned() else { return answer };
    let name = query.name().to_ascii();
    let is_aaaa = query.query_type() == RecordType::AAAA;
    let mut add = |ip: IpAddr| {
        let data = match ip {
            IpAddr::V4(ip) => RData::A(ip.into()),
            IpAddr::V6(ip) => RData::AAAA(ip.into()),
        };
        answer.answers.push(Record::from_rdata(query.name().clone(), 5, data));
    };
    match name.as_str() {
        "v4.test." if is_aaaa => {}
        "v6.test." if !is_aaaa => {}
        "v4.test." | "v6.test." | "both.test." | "forged.test." | "lost.test." | "echo.ns.svc.test." => {
            add(if is_aaaa { IpAddr::from(Ipv6Addr::LOCALHOST) } else { IpAddr::from(Ipv4Addr::LOCALHOST) });
        }
        "long.test." => (1..=200).for_each(|last| add(IpAddr::from([127, 0, 0, last]))),
        "half.test." if is_aaaa => answer.metadata.response_code = ResponseCode::ServFail,
        "half.test." => add(IpAddr::from(Ipv4Addr::LOCALHOST)),
        "fail.test." => answer.metadata.response_code = ResponseCode::ServFail,
        "refused.test." => answer.metadata.response_code = ResponseCode::Refused,
        _ => answer.metadata.response_code = ResponseCode::NXDomain,
    }
    answer
}
