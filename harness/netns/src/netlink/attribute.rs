//! Reading attributes.

/// The bits of an attribute's type that are not its number: `NLA_F_NESTED`, `NLA_F_NET_BYTEORDER` (linux:include/uapi/linux/netlink.h).
const FLAGS: u16 = 0xc000;
/// Length and type.
const HEADER: usize = 4;

/// The attributes in some bytes, in their order. Bytes that break off end them.
#[derive(Clone, Copy)]
pub(crate) struct Attributes<'a>(&'a [u8]);

impl<'a> Attributes<'a> {
    /// Reads attributes that stand behind a header of a fixed length; none where the bytes are shorter.
    pub(crate) fn behind(header: usize, bytes: &'a [u8]) -> Self {
        Self(bytes.get(header..).unwrap_or_default())
    }

    /// Reads the attributes inside an attribute.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Finds the first attribute of a number.
    pub(crate) fn get(mut self, kind: u16) -> Option<&'a [u8]> {
        self.find(|(number, _)| *number == kind).map(|(_, value)| value)
    }

    /// Finds the attributes inside the first attribute of a number; none where it is not there.
    pub(crate) fn nested(self, kind: u16) -> Self {
        Self(self.get(kind).unwrap_or_default())
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::from(u16::from_ne_bytes(self.0.get(0..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(self.0.get(2..4)?.try_into().ok()?) & !FLAGS;
        let value = self.0.get(HEADER..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    }
}

/// Reads a number in network byte order, as nftables writes them.
pub(crate) fn number(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Reads a name: up to the first zero.
pub(crate) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Requests;
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut requests = Requests::new();
        requests.push(1, 0, "a test", |body| {
            body.bytes(&[1, 2, 3, 4]);
            body.string(1, "eth0");
            body.nest(2, |inner| {
                inner.attribute(3, &[7]);
                inner.attribute(4, &9_u32.to_be_bytes());
            });
        });
        let bytes = requests.message(0).unwrap_or_default();
        let attributes = Attributes::behind(4, bytes);
        assert_eq!(attributes.get(1).map(text).as_deref(), Some("eth0"));
        assert_eq!(attributes.nested(2).get(3), Some(&[7][..]));
        assert_eq!(attributes.nested(2).get(4).and_then(number), Some(9));
        assert_eq!(attributes.nested(5).count(), 0);
    }

    #[test]
    fn bytes_that_break_off_end_the_attributes() {
        assert_eq!(Attributes::of(&[8, 0, 1, 0, 1, 2]).count(), 0);
        assert_eq!(Attributes::of(&[0, 0, 1, 0, 1, 2]).count(), 0, "a length below that of its own header");
        assert_eq!(Attributes::behind(16, &[1, 2]).count(), 0);
    }
}
