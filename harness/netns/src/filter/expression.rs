//! What rules are made of.

/// A step of a rule. Registers hold four bytes each and are counted from 8 on, as the kernel does (`NFT_REG32_00`); a longer value takes the next
/// ones, too. A rule ends at the first step that is not true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Loads something about the packet.
    Meta {
        /// What.
        key: Meta,
        /// Where to.
        into: u32,
    },
    /// Loads bytes of the packet.
    Payload {
        /// Of which header.
        part: Part,
        /// From which byte of it on.
        offset: u32,
        /// How many.
        length: u32,
        /// Where to.
        into: u32,
    },
    /// Loads the kind of the destination address: 2 for one of this machine (`fib daddr type`).
    DestinationKind {
        /// Where to.
        into: u32,
    },
    /// Loads the state of the connection: bit 5 says that its destination was changed (`ct status`).
    ConnectionStatus {
        /// Where to.
        into: u32,
    },
    /// Loads a random number below a bound, as four bytes in the machine's order.
    Random {
        /// The bound.
        below: u32,
        /// Where to.
        into: u32,
    },
    /// Loads a value.
    Value {
        /// The value.
        value: Vec<u8>,
        /// Where to.
        into: u32,
    },
    /// Keeps some bits only.
    Mask {
        /// The register, for input and result.
        register: u32,
        /// The bits.
        mask: Vec<u8>,
    },
    /// Is true where a register holds a value, or where it does not.
    Compare {
        /// The register.
        register: u32,
        /// Whether it must hold it.
        is_equal: bool,
        /// The value.
        value: Vec<u8>,
    },
    /// Is true where what the registers from one on hold is in a set or a map of the table.
    Lookup {
        /// The name of the set or map.
        set: String,
        /// The first register of the key.
        key: u32,
        /// Where the value of a map goes to; `None` for a set.
        into: Option<u32>,
    },
    /// Sets the packet's mark.
    SetMark {
        /// Where the mark is.
        from: u32,
    },
    /// Changes the destination to what registers hold.
    Destination {
        /// The address.
        address: u32,
        /// The port.
        port: u32,
    },
    /// Changes the destination to this machine's own address and the port that a register holds.
    Redirect {
        /// The port.
        port: u32,
    },
    /// Changes the source to this machine's own address.
    Masquerade,
    /// Refuses the packet and tells its sender.
    Reject(Refusal),
    /// Decides.
    Verdict(Verdict),
    /// One that is not known here, read from the kernel; cannot be written.
    Other {
        /// The kernel's name of it.
        name: String,
    },
}

/// What is known about a packet beside its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meta {
    /// Its mark.
    Mark,
    /// The name of the interface it came in by, 16 bytes.
    InInterface,
    /// The name of the interface it goes out by, 16 bytes.
    OutInterface,
    /// The user who sends it.
    User,
    /// The group that sends it.
    Group,
    /// The protocol of its transport, one byte: 6 for TCP, 17 for UDP.
    Protocol,
}

/// A header of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// IPv4's or IPv6's.
    Network,
    /// TCP's or UDP's.
    Transport,
}

/// How a packet is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By a reset of TCP.
    Reset,
    /// By ICMP's or ICMPv6's message that nobody listens there.
    PortUnreachable,
}

/// What a rule decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The packet goes on, past all further rules of the chain's hook.
    Accept,
    /// The packet vanishes.
    Drop,
    /// Back to the rule behind that which jumped here.
    Return,
    /// On with the rules of a chain, then back.
    Jump(String),
    /// On with the rules of a chain for good.
    Goto(String),
}
