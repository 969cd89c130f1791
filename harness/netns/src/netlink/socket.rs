//! A socket of netlink, which stays in the network namespace in which it was opened.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::socket::sockopt::{ReceiveTimeout, SndBuf, SndBufForce};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, getsockname, recv, sendto,
    setsockopt, socket,
};
use nix::sys::time::TimeVal;

use super::Requests;
use crate::NetnsError;

const HEADER: usize = 16;
/// `NLMSG_ERROR`, also the acknowledgement; `NLMSG_DONE`, the end of a list.
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// The kernel never answers with more at once than this (linux:net/netlink/af_netlink.c).
const ANSWER: usize = 1 << 16;
/// Room for one set of requests; the kernel cuts it to what it allows the user.
const ROOM: usize = 16 << 20;

/// How long the kernel may take for what it does after its answer, in seconds. It takes less than a thousandth.
const PATIENCE: i64 = 10;

/// One message of an answer.
pub(crate) struct Answer {
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
}

/// A socket; several threads may ask over it, one after the other.
pub(crate) struct Socket {
    descriptor: OwnedFd,
    /// Whose it is, for errors.
    name: String,
    /// The number of the next request. Whoever asks holds it until the answer is there.
    next: Mutex<u32>,
}

impl Socket {
    /// Opens one in the network namespace of the calling thread.
    ///
    /// # Errors
    /// Where the kernel does not have the protocol.
    pub(crate) fn open(protocol: SockProtocol, name: &str) -> Result<Self, NetnsError> {
        let tried = |source: Errno| NetnsError::System {
            action: format!("open a {protocol:?} socket in {name}"),
            source: source.into(),
        };
        let descriptor =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol).map_err(tried)?;
        bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, 0)).map_err(tried)?;
        setsockopt(&descriptor, ReceiveTimeout, &TimeVal::new(PATIENCE, 0)).map_err(tried)?;
        // Only root of the machine may go beyond the limit of the machine; the others get as much as it is.
        if protocol == SockProtocol::NetlinkNetFilter && setsockopt(&descriptor, SndBufForce, &ROOM).is_err() {
            setsockopt(&descriptor, SndBuf, &ROOM).map_err(tried)?;
        }
        Ok(Self { descriptor, name: name.to_owned(), next: Mutex::new(1) })
    }

    /// Sends requests and waits until the kernel has answered them all.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] for the first that the kernel refused. Those before it have been done, unless they were a batch of nftables.
    pub(crate) fn change(&self, requests: Requests) -> Result<(), NetnsError> {
        if requests.is_empty() {
            return Ok(());
        }
        self.exchange(requests, false, None).map(|_| ())
    }

    /// Sends requests as [`Self::change`] does, and waits until the kernel has told of everything in some groups that is waited for: `is_last`
    /// is asked about each message, and says when nothing is left.
    ///
    /// # Errors
    /// As [`Self::change`], and where the kernel does not tell.
    pub(crate) fn change_and_hear(
        &self,
        requests: Requests,
        groups: u32,
        mut is_last: impl FnMut(&Answer) -> bool,
    ) -> Result<(), NetnsError> {
        self.exchange(requests, false, Some((groups, &mut is_last))).map(|_| ())
    }

    /// Asks for something and returns what the kernel answers.
    ///
    /// # Errors
    /// [`NetnsError::Refused`] where the kernel refused to say.
    pub(crate) fn ask(&self, requests: Requests, is_list: bool) -> Result<Vec<Answer>, NetnsError> {
        self.exchange(requests, is_list, None)
    }

    fn exchange(
        &self,
        mut requests: Requests,
        is_list: bool,
        waits: Option<Waits<'_>>,
    ) -> Result<Vec<Answer>, NetnsError> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *next;
        *next = first.wrapping_add(u32::try_from(requests.parts.len()).unwrap_or(u32::MAX)).max(1);
        if requests.is_too_long {
            return Err(self.refused(&requests, 0, Errno::EMSGSIZE.into()));
        }
        requests.number(first);
        if let Some((groups, _)) = &waits {
            self.hear(*groups).map_err(|errno| self.refused(&requests, 0, errno.into()))?;
        }
        let sent = sendto(self.descriptor.as_raw_fd(), &requests.bytes, &NetlinkAddr::new(0, 0), MsgFlags::empty())
            .map(|_| ());
        let heard = sent.and_then(|()| self.collect(first, is_list));
        let waited = match (&heard, waits) {
            (Ok(Heard { refusal: None, answers }), Some((_, is_last))) => self.wait(answers, is_last),
            _ => Ok(()),
        };
        let Heard { answers, refusal } = heard.map_err(|errno| self.refused(&requests, 0, errno.into()))?;
        match (refusal, waited) {
            (Some((index, source)), _) => Err(self.refused(&requests, index, source)),
            (None, Err(errno)) => Err(self.refused(&requests, usize::MAX, errno.into())),
            (None, Ok(())) => Ok(answers),
        }
    }

    /// Takes the answers to requests that were sent, the first of them with a number.
    fn collect(&self, first: u32, is_list: bool) -> Result<Heard, Errno> {
        let mut heard = Heard { answers: Vec::new(), refusal: None };
        let mut buffer = vec![0; ANSWER];
        // A change has been answered when the call that asked for it returns; a list comes piece by piece.
        let flags = if is_list { MsgFlags::empty() } else { MsgFlags::MSG_DONTWAIT };
        let mut overrun = None;
        loop {
            let length = match recv(self.descriptor.as_raw_fd(), &mut buffer, flags) {
                Ok(length) => length,
                Err(Errno::EAGAIN) if !is_list => break,
                Err(Errno::EINTR) => continue,
                // So many requests were refused that the answers did not fit. The first do.
                Err(Errno::ENOBUFS) if !is_list => {
                    overrun = Some(Errno::ENOBUFS);
                    continue;
                }
                Err(errno) => return Err(errno),
            };
            let is_done = heard.take(&buffer[..length], first);
            if is_list && is_done {
                break;
            }
        }
        match overrun {
            Some(errno) if heard.refusal.is_none() => Err(errno),
            _ => Ok(heard),
        }
    }

    /// Waits until nothing is left to wait for, and hears nothing of its own accord after that.
    fn wait(&self, answers: &[Answer], is_last: &mut dyn FnMut(&Answer) -> bool) -> Result<(), Errno> {
        let mut buffer = vec![0; ANSWER];
        let mut is_over = answers.iter().any(&mut *is_last);
        let mut outcome = Ok(());
        while !is_over {
            let mut told = Heard { answers: Vec::new(), refusal: None };
            match recv(self.descriptor.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => told.take(&buffer[..length], 0),
                Err(Errno::EINTR) => continue,
                Err(errno) => {
                    outcome = Err(if errno == Errno::EAGAIN { Errno::ETIMEDOUT } else { errno });
                    break;
                }
            };
            is_over = told.answers.iter().any(&mut *is_last);
        }
        self.hear(0)?;
        while recv(self.descriptor.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) != Err(Errno::EAGAIN) {}
        outcome
    }

    /// Has the kernel tell of what happens in some groups. Binding again sets them (linux:net/netlink/af_netlink.c, `netlink_bind`).
    fn hear(&self, groups: u32) -> Result<(), Errno> {
        let own: NetlinkAddr = getsockname(self.descriptor.as_raw_fd())?;
        bind(self.descriptor.as_raw_fd(), &NetlinkAddr::new(own.pid(), groups))
    }

    fn refused(&self, requests: &Requests, index: usize, source: io::Error) -> NetnsError {
        let about = requests.parts.get(index).or(requests.parts.last()).map(|(_, about)| about.clone());
        NetnsError::Refused { action: about.unwrap_or_default(), namespace: self.name.clone(), source }
    }
}

/// Groups that are heard of, and who says of each message whether it was the last to wait for.
type Waits<'a> = (u32, &'a mut dyn FnMut(&Answer) -> bool);

/// What was heard.
struct Heard {
    answers: Vec<Answer>,
    /// The first request that was refused, counted from the first of all.
    refusal: Option<(usize, io::Error)>,
}

impl Heard {
    /// Takes the messages of a datagram; says whether one of them ends an answer.
    fn take(&mut self, mut bytes: &[u8], first: u32) -> bool {
        let mut is_done = false;
        while let Some((kind, sequence, body, behind)) = split(bytes) {
            bytes = behind;
            match kind {
                ERROR => {
                    let errno = body.get(0..4).and_then(|code| code.try_into().ok()).map_or(0, i32::from_ne_bytes);
                    is_done = true;
                    if errno != 0 && self.refusal.is_none() {
                        let index = usize::try_from(sequence.wrapping_sub(first)).unwrap_or(usize::MAX);
                        self.refusal = Some((index, io::Error::from_raw_os_error(-errno)));
                    }
                }
                DONE => is_done = true,
                _ => self.answers.push(Answer { kind, body: body.to_vec() }),
            }
        }
        is_done
    }
}

/// Takes the first message: its type, its sequence, its body, and what is behind it.
fn split(bytes: &[u8]) -> Option<(u16, u32, &[u8], &[u8])> {
    let length = usize::try_from(u32::from_ne_bytes(bytes.get(0..4)?.try_into().ok()?)).ok()?;
    let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
    let sequence = u32::from_ne_bytes(bytes.get(8..12)?.try_into().ok()?);
    let body = bytes.get(HEADER..length)?;
    Some((kind, sequence, body, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}
