//! One small static binary with two faces: a server that says who answered and over which sockets, and a prober that makes calls and
//! says what became of each. Both speak the JSON lines of `dualproof-wire`.

pub mod address;
pub mod elapsed;

pub mod serve;

pub mod lookup;

pub mod probe;

pub mod hold;

pub mod sockets;

pub mod stand_in;

pub mod command;
