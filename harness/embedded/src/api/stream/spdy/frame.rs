//! Frames.

/// A frame that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The client opens a stream; the headers are still compressed.
    Open {
        /// The stream.
        stream: u32,
        /// Nothing more will come on it.
        last: bool,
        /// Its headers.
        headers: Vec<u8>,
    },
    /// Bytes of a stream.
    Data {
        /// The stream.
        stream: u32,
        /// Nothing more will come on it.
        last: bool,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The client gives a stream up.
    Reset(u32),
    /// The client wants this number back.
    Ping(u32),
    /// More headers, which nobody needs here but which the decompressor must see.
    Headers(Vec<u8>),
    /// The client opens no more streams.
    GoAway,
    /// Settings and windows.
    Other,
}

const FIN: u8 = 0x01;

/// Takes the first frame off a buffer; `None` while it is not whole.
pub(super) fn take(buffer: &mut Vec<u8>) -> Option<Frame> {
    let head: [u8; 8] = buffer.get(..8)?.try_into().ok()?;
    let length = usize::try_from(u32::from_be_bytes([0, head[5], head[6], head[7]])).ok()?;
    let bytes = buffer.get(8..8 + length)?.to_vec();
    buffer.drain(..8 + length);
    let number = |at: usize| {
        let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
        four.map(u32::from_be_bytes).unwrap_or_default()
    };
    let last = head[4] & FIN != 0;
    if head[0] & 0x80 == 0 {
        let stream = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        return Some(Frame::Data { stream, last, bytes });
    }
    let stream = number(0) & 0x7fff_ffff;
    Some(match u16::from_be_bytes([head[2], head[3]]) {
        1 => Frame::Open { stream, last, headers: bytes.get(10..).unwrap_or_default().to_vec() },
        3 => Frame::Reset(stream),
        6 => Frame::Ping(number(0)),
        7 => Frame::GoAway,
        8 => Frame::Headers(bytes.get(4..).unwrap_or_default().to_vec()),
        _ => Frame::Other,
    })
}

/// Writes the bytes of a stream.
pub(super) fn data(stream: u32, last: bool, bytes: &[u8]) -> Vec<u8> {
    let mut frame = stream.to_be_bytes().to_vec();
    finish(&mut frame, if last { FIN } else { 0 }, bytes);
    frame
}

/// Accepts a stream. `headers` are compressed already.
pub(super) fn reply(stream: u32, headers: &[u8]) -> Vec<u8> {
    let mut body = stream.to_be_bytes().to_vec();
    body.extend_from_slice(headers);
    control(2, &body)
}

/// Refuses a stream (status 3, `REFUSED_STREAM`).
pub(super) fn refuse(stream: u32) -> Vec<u8> {
    let mut body = stream.to_be_bytes().to_vec();
    body.extend(3_u32.to_be_bytes());
    control(3, &body)
}

/// Gives a number back.
pub(super) fn pong(number: u32) -> Vec<u8> {
    control(6, &number.to_be_bytes())
}

fn control(kind: u16, body: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80, 3];
    frame.extend(kind.to_be_bytes());
    finish(&mut frame, 0, body);
    frame
}

fn finish(frame: &mut Vec<u8>, flags: u8, body: &[u8]) {
    let length = u32::try_from(body.len()).unwrap_or_default().to_be_bytes();
    frame.push(flags);
    frame.extend_from_slice(&length[1..]);
    frame.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_one_by_one_and_only_whole() {
        let mut buffer = data(1, false, b"abc");
        buffer.extend(data(3, true, b""));
        buffer.extend(pong(7));
        let tail = buffer.split_off(buffer.len() - 1);
        assert_eq!(take(&mut buffer), Some(Frame::Data { stream: 1, last: false, bytes: b"abc".to_vec() }));
        assert_eq!(take(&mut buffer), Some(Frame::Data { stream: 3, last: true, bytes: Vec::new() }));
        assert_eq!(take(&mut buffer), None);
        buffer.extend(tail);
        assert_eq!(take(&mut buffer), Some(Frame::Ping(7)));
        assert_eq!(take(&mut buffer), None);
    }
}
