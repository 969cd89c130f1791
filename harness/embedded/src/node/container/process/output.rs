//! What a container writes, into its log.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Stdio;

use tokio::net::unix::pipe::Receiver;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Log;
use crate::node::container::ready::Awaited;

/// The most that is read at once, and the longest line that is kept whole; as containerd's.
const PIECE: usize = 16 * 1024;

/// Reads what a program writes, on both of its outputs, in the order in which it does.
#[derive(Debug)]
pub(in crate::node::container) struct Output {
    reader: JoinHandle<()>,
    ended: CancellationToken,
}

impl Output {
    /// Makes a pipe into a log: standard output and standard error for the program, and who is told when the awaited line has come.
    pub(in crate::node::container) fn open(
        log: &Log,
        awaited: Option<Awaited>,
    ) -> io::Result<(Self, [Stdio; 2], Option<oneshot::Receiver<()>>)> {
        let (reader, writer) = io::pipe()?;
        let streams = [Stdio::from(writer.try_clone()?), Stdio::from(writer)];
        let receiver = Receiver::from_owned_fd(OwnedFd::from(reader))?;
        let ended = CancellationToken::new();
        let (tell, told) = oneshot::channel();
        let is_awaited = awaited.is_some();
        let pump =
            Pump { receiver, log: log.clone(), rest: Vec::new(), awaited: awaited.map(|awaited| (awaited, tell)) };
        let reader = tokio::spawn(pump.run(ended.clone()));
        Ok((Self { reader, ended }, streams, is_awaited.then_some(told)))
    }

    /// Reads what is there by now and closes the log: the program has ended.
    pub(in crate::node::container) async fn finish(self) {
        self.ended.cancel();
        // It does not panic, and nobody aborts it.
        drop(self.reader.await);
    }
}

struct Pump {
    receiver: Receiver,
    log: Log,
    /// The beginning of a line whose end has not come.
    rest: Vec<u8>,
    awaited: Option<(Awaited, oneshot::Sender<()>)>,
}

impl Pump {
    async fn run(mut self, ended: CancellationToken) {
        loop {
            let is_last = tokio::select! {
                biased;
                ready = self.receiver.readable() => ready.is_err(),
                () = ended.cancelled() => true,
            };
            if !self.drain() || is_last {
                break;
            }
        }
        if !self.rest.is_empty() {
            self.log.append([self.rest.as_slice()], false);
        }
        self.log.close();
    }

    /// Reads what is there; tells whether more may come.
    fn drain(&mut self) -> bool {
        let mut piece = vec![0; PIECE];
        loop {
            match self.receiver.try_read(&mut piece) {
                Ok(0) => return false,
                Ok(length) => self.take(&piece[..length]),
                Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
            }
        }
    }

    fn take(&mut self, piece: &[u8]) {
        let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') else {
            self.rest.extend_from_slice(piece);
            if self.rest.len() >= PIECE {
                self.log.append([self.rest.as_slice()], false);
                self.rest.clear();
            }
            return;
        };
        let mut whole = std::mem::take(&mut self.rest);
        whole.extend_from_slice(&piece[..end]);
        self.rest.extend_from_slice(&piece[end + 1..]);
        self.log.append(whole.split(|byte| *byte == b'\n'), true);
        if let Some((awaited, _)) = &mut self.awaited {
            let has_come = whole.split(|byte| *byte == b'\n').any(|line| awaited.read(line));
            if has_come && let Some((_, tell)) = self.awaited.take() {
                // Nobody waits for it when the container is ending.
                let _is_heard = tell.send(()).is_ok();
            }
        }
    }
}
