//! The bytes of a question to the bytes of its answer.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Record};

use super::lookup::Found;
use super::{Effect, Zone};

/// What a datagram may hold when the client does not say more (RFC 1035, 4.2.1).
const PLAIN_DATAGRAM: u16 = 512;
/// The most that we put into a datagram: it passes every IPv6 link whole (RFC 9715, 3.1).
const LARGEST_DATAGRAM: u16 = 1232;
/// The length of a message's header.
const HEADER: usize = 12;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram: an answer that is too long is cut and says so.
    Udp,
    /// Over a connection; without the two bytes of length.
    Tcp,
}

/// Answers one message.
///
/// Returns `None` when there must be no reply: the message is no question, is too short to have a number, or a
/// [`Fault`](super::Fault) drops it. What cannot be read is answered with FORMERR, what is not a plain query with NOTIMP,
/// a name outside the cluster with REFUSED.
#[must_use]
pub fn answer(zone: &Zone, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let header = question.get(..HEADER)?;
    // QR: an answer that strayed here is never answered, or two servers would talk forever.
    if header[2] & 0x80 != 0 {
        return None;
    }
    let Ok(request) = Message::from_vec(question) else {
        let id = u16::from_be_bytes([header[0], header[1]]);
        let op_code = OpCode::from_u8((header[2] >> 3) & 0x0f);
        return Message::error_msg(id, op_code, ResponseCode::FormErr).to_vec().ok();
    };
    let reply = reply(zone, &request)?;
    match transport {
        Transport::Tcp => fit(reply, usize::from(u16::MAX)),
        Transport::Udp => {
            let accepted = request.edns.as_ref().map_or(PLAIN_DATAGRAM, Edns::max_payload);
            fit(reply, usize::from(accepted.clamp(PLAIN_DATAGRAM, LARGEST_DATAGRAM)))
        }
    }
}

fn reply(zone: &Zone, request: &Message) -> Option<Message> {
    let mut reply = Message::new(request.metadata.id, MessageType::Response, request.metadata.op_code);
    reply.metadata.recursion_desired = request.metadata.recursion_desired;
    reply.metadata.checking_disabled = request.metadata.checking_disabled;
    reply.queries.clone_from(&request.queries);
    if let Some(asked) = &request.edns {
        let mut edns = Edns::new();
        edns.set_max_payload(LARGEST_DATAGRAM);
        edns.flags_mut().dnssec_ok = asked.flags().dnssec_ok;
        reply.edns = Some(edns);
        if asked.version() > 0 {
            return Some(with_code(reply, ResponseCode::BADVERS));
        }
    }
    if request.metadata.op_code != OpCode::Query {
        return Some(with_code(reply, ResponseCode::NotImp));
    }
    let [query] = request.queries.as_slice() else { return Some(with_code(reply, ResponseCode::FormErr)) };
    fill(zone, query, reply)
}

fn fill(zone: &Zone, query: &Query, mut reply: Message) -> Option<Message> {
    let (name, kind) = (query.name(), query.query_type());
    if query.query_class() != DNSClass::IN {
        return Some(with_code(reply, ResponseCode::Refused));
    }
    let fault = zone.faults.iter().find(|fault| fault.meets(name, kind)).map(|fault| fault.effect);
    let (code, negative) = match (fault, zone.find(name, kind)) {
        (Some(Effect::Drop), _) => return None,
        (Some(Effect::ServerFailure), _) => return Some(with_code(reply, ResponseCode::ServFail)),
        (_, Found::Outside) => return Some(with_code(reply, ResponseCode::Refused)),
        (Some(Effect::NoSuchName), Found::Records { apex, .. }) | (_, Found::NoSuchName { apex }) => {
            (ResponseCode::NXDomain, Some(apex))
        }
        (Some(Effect::NoData), Found::Records { apex, .. }) => (ResponseCode::NoError, Some(apex)),
        (None, Found::Records { apex, answers, additionals }) => {
            let negative = answers.is_empty().then_some(apex);
            reply.answers = answers;
            reply.additionals = additionals;
            (ResponseCode::NoError, negative)
        }
    };
    reply.metadata.authoritative = true;
    reply.authorities.extend(negative.map(|apex| zone.soa(&apex)));
    Some(with_code(reply, code))
}

fn with_code(mut reply: Message, code: ResponseCode) -> Message {
    reply.metadata.response_code = code;
    reply
}

/// Encodes a message in at most `limit` bytes. Additional records may be missing without a word; when answers are, the
/// message says that it was cut (RFC 2181, 9), and holds as many as fit.
fn fit(mut reply: Message, limit: usize) -> Option<Vec<u8>> {
    let whole = reply.to_vec().ok()?;
    if whole.len() <= limit {
        return Some(whole);
    }
    reply.additionals.clear();
    let without = reply.to_vec().ok()?;
    if without.len() <= limit {
        return Some(without);
    }
    reply.metadata.truncation = true;
    let answers: Vec<Record> = std::mem::take(&mut reply.answers);
    let (mut fits, mut too_many) = (0, answers.len());
    let mut best = reply.to_vec().ok()?;
    while fits + 1 < too_many {
        let count = usize::midpoint(fits, too_many);
        reply.answers = answers[..count].to_vec();
        let bytes = reply.to_vec().ok()?;
        if bytes.len() <= limit {
            (fits, best) = (count, bytes);
        } else {
            too_many = count;
        }
    }
    Some(best)
}
