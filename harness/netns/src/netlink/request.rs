//! Writing requests.

/// Length, type, flags, sequence, port (linux:include/uapi/linux/netlink.h).
const HEADER: usize = 16;
const NESTED: u16 = 0x8000;

/// Requests that go to the kernel in one call, in their order.
#[derive(Default)]
pub(crate) struct Requests {
    pub(super) bytes: Vec<u8>,
    /// Where each starts, and what it is about.
    pub(super) parts: Vec<(usize, String)>,
    /// An attribute grew beyond what its length can say.
    pub(super) is_too_long: bool,
}

/// The body of a request while it is written.
pub(crate) struct Body<'a> {
    bytes: &'a mut Vec<u8>,
    is_too_long: &'a mut bool,
}

impl Requests {
    /// A request asks for something.
    pub(crate) const REQUEST: u16 = 0x1;
    /// The kernel says when it has been done.
    pub(crate) const ACKNOWLEDGE: u16 = 0x4;
    /// All of a kind are asked for.
    pub(crate) const DUMP: u16 = 0x300;
    /// What is made must not be there.
    pub(crate) const EXCLUSIVE: u16 = 0x200;
    /// What is not there is made.
    pub(crate) const CREATE: u16 = 0x400;
    /// It is put behind those that are there.
    pub(crate) const APPEND: u16 = 0x800;

    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a request; `about` says in an error what was tried.
    pub(crate) fn push(&mut self, kind: u16, flags: u16, about: impl Into<String>, fill: impl FnOnce(&mut Body<'_>)) {
        let start = self.bytes.len();
        self.parts.push((start, about.into()));
        self.bytes.extend([0; HEADER]);
        fill(&mut Body { bytes: &mut self.bytes, is_too_long: &mut self.is_too_long });
        let length = u32::try_from(self.bytes.len() - start).unwrap_or(u32::MAX);
        let header = &mut self.bytes[start..start + HEADER];
        header[0..4].copy_from_slice(&length.to_ne_bytes());
        header[4..6].copy_from_slice(&kind.to_ne_bytes());
        header[6..8].copy_from_slice(&(flags | Self::REQUEST).to_ne_bytes());
    }

    /// Asks for an acknowledgement of the last request.
    pub(crate) fn acknowledge_last(&mut self) {
        if let Some((start, _)) = self.parts.last() {
            self.bytes[start + 6] |= Self::ACKNOWLEDGE.to_ne_bytes()[0];
            self.bytes[start + 7] |= Self::ACKNOWLEDGE.to_ne_bytes()[1];
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Numbers the requests from `first` on.
    pub(super) fn number(&mut self, first: u32) {
        for (sequence, (start, _)) in (first..).zip(&self.parts) {
            self.bytes[start + 8..start + 12].copy_from_slice(&sequence.to_ne_bytes());
        }
    }

    /// The body of a request.
    #[cfg(test)]
    pub(super) fn message(&self, index: usize) -> Option<&[u8]> {
        let (start, _) = self.parts.get(index)?;
        let end = self.parts.get(index + 1).map_or(self.bytes.len(), |(next, _)| *next);
        self.bytes.get(start + HEADER..end)
    }
}

impl Body<'_> {
    /// Adds bytes as they are, up to a multiple of four: the fixed header of a family.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.align();
    }

    /// Adds an attribute.
    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        let start = self.open(kind);
        self.bytes.extend_from_slice(value);
        self.close(start);
    }

    /// Adds a number in network byte order, as nftables wants them.
    pub(crate) fn number(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_be_bytes());
    }

    /// Adds a number as it lies in memory, as links, addresses and routes want them.
    pub(crate) fn native(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_ne_bytes());
    }

    /// Adds a text with the zero at its end.
    pub(crate) fn string(&mut self, kind: u16, value: &str) {
        let start = self.open(kind);
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self.close(start);
    }

    /// Adds an attribute that holds attributes.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Body<'_>)) {
        let start = self.open(kind | NESTED);
        fill(&mut Body { bytes: self.bytes, is_too_long: self.is_too_long });
        self.close(start);
    }

    fn open(&mut self, kind: u16) -> usize {
        let start = self.bytes.len();
        self.bytes.extend([0; 2]);
        self.bytes.extend(kind.to_ne_bytes());
        start
    }

    fn close(&mut self, start: usize) {
        match u16::try_from(self.bytes.len() - start) {
            Ok(length) => self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes()),
            Err(_) => *self.is_too_long = true,
        }
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
