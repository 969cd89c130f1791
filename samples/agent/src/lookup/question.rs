//! One question to one resolver: over UDP, and over TCP when the answer does not fit (RFC 1035, 4.2).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use dualproof_wire::{Records, Resolution, ResolutionOutcome};
use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{timeout, timeout_at};

use crate::elapsed::micros;

/// What a datagram of a resolver can hold at most.
const LONGEST_DATAGRAM: usize = 64 * 1024;

/// One question.
pub(super) struct Question<'a> {
    /// The name, fully qualified.
    pub(super) name: &'a Name,
    /// Whether AAAA is asked, not A.
    pub(super) is_aaaa: bool,
    /// Whom to ask.
    pub(super) resolver: SocketAddr,
    /// How long to wait before the question is sent again.
    pub(super) patience: Duration,
    /// How often it is sent.
    pub(super) attempts: u32,
}

impl Question<'_> {
    /// Asks. A question that is lost is sent again over the same socket, so that a late answer counts.
    pub(super) async fn ask(&self, deadline: Instant) -> Resolution {
        let began = Instant::now();
        let (outcome, addresses) = match timeout_at(deadline.into(), self.exchange()).await {
            Ok(Ok(Some(answer))) => read(&answer),
            Ok(Ok(None)) | Err(_) => (ResolutionOutcome::Timeout, Vec::new()),
            Ok(Err(error)) => (ResolutionOutcome::Broken(error.to_string()), Vec::new()),
        };
        Resolution {
            name: self.name.to_ascii(),
            records: if self.is_aaaa { Records::Aaaa } else { Records::A },
            resolver: self.resolver,
            outcome,
            addresses,
            micros: micros(began),
        }
    }

    async fn exchange(&self) -> io::Result<Option<Message>> {
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        let wanted = if self.is_aaaa { RecordType::AAAA } else { RecordType::A };
        question.add_query(Query::query(self.name.clone(), wanted));
        let bytes = question.to_vec().map_err(io::Error::other)?;
        match self.over_udp(&question, &bytes).await? {
            Some(answer) if answer.metadata.truncation => self.over_tcp(&question, &bytes).await.map(Some),
            answer => Ok(answer),
        }
    }

    async fn over_udp(&self, question: &Message, bytes: &[u8]) -> io::Result<Option<Message>> {
        let any = if self.resolver.is_ipv4() {
            IpAddr::from(Ipv4Addr::UNSPECIFIED)
        } else {
            IpAddr::from(Ipv6Addr::UNSPECIFIED)
        };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0)).await?;
        socket.connect(self.resolver).await?;
        let mut buffer = vec![0; LONGEST_DATAGRAM];
        for _ in 0..self.attempts {
            socket.send(bytes).await?;
            let answered = timeout(self.patience, async {
                loop {
                    let length = socket.recv(&mut buffer).await?;
                    // What does not answer this question is somebody else's, or forged (RFC 5452, 9.1): wait for the right one.
                    if let Ok(answer) = Message::from_vec(&buffer[..length])
                        && answers(&answer, question)
                    {
                        return io::Result::Ok(answer);
                    }
                }
            });
            if let Ok(answer) = answered.await {
                return answer.map(Some);
            }
        }
        Ok(None)
    }

    async fn over_tcp(&self, question: &Message, bytes: &[u8]) -> io::Result<Message> {
        let mut stream = TcpStream::connect(self.resolver).await?;
        let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        let answer = Message::from_vec(&answer).map_err(io::Error::other)?;
        if answers(&answer, question) { Ok(answer) } else { Err(io::Error::other("the answer is to another question")) }
    }
}

/// A resolver that refuses may leave the question out (RFC 1035 asks for it only where it could be read).
fn answers(answer: &Message, question: &Message) -> bool {
    let is_to_it = answer.queries == question.queries
        || (answer.queries.is_empty() && answer.metadata.response_code != ResponseCode::NoError);
    answer.metadata.id == question.metadata.id && answer.metadata.message_type == MessageType::Response && is_to_it
}

/// Reads the addresses wherever a chain of CNAMEs ends. An answer of the one kind to a question of the other is kept as it came.
fn read(answer: &Message) -> (ResolutionOutcome, Vec<IpAddr>) {
    let addresses: Vec<IpAddr> = answer
        .answers
        .iter()
        .filter_map(|record| match &record.data {
            RData::A(address) => Some(IpAddr::from(address.0)),
            RData::AAAA(address) => Some(IpAddr::from(address.0)),
            _ => None,
        })
        .collect();
    let outcome = match answer.metadata.response_code {
        ResponseCode::NoError if addresses.is_empty() => ResolutionOutcome::NoData,
        ResponseCode::NoError => ResolutionOutcome::Answered,
        ResponseCode::NXDomain => ResolutionOutcome::NxDomain,
        ResponseCode::ServFail => ResolutionOutcome::ServFail,
        other => ResolutionOutcome::Code(other.into()),
    };
    (outcome, addresses)
}
