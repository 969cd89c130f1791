//! A connection that notes how it ended. HTTP libraries tell that in their own words, or only that a request was not answered.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use dualproof_wire::Outcome;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::probe::outcome::of_io;

/// How a connection ended, once it has: by the other side's end, or by the system's first error.
pub(super) type End = Arc<OnceLock<Outcome>>;

/// A connection, and where its end is noted.
pub(super) struct Noted {
    stream: TcpStream,
    end: End,
}

impl Noted {
    /// Gives the connection, and where to look for its end.
    pub(super) fn new(stream: TcpStream) -> (Self, End) {
        let end = End::default();
        (Self { stream, end: Arc::clone(&end) }, end)
    }

    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled {
            self.end.get_or_init(|| of_io(error));
        }
        polled
    }
}

impl AsyncRead for Noted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = (buffer.filled().len(), buffer.remaining());
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) && before.1 > 0 && buffer.filled().len() == before.0 {
            self.end.get_or_init(|| Outcome::Closed);
        }
        self.note(polled)
    }
}

impl AsyncWrite for Noted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.note(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
