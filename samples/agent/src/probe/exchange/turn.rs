//! What every protocol needs to know of a try.

use std::time::Instant;

use dualproof_wire::Ask;

/// One try of a call.
pub(in crate::probe) struct Turn<'a> {
    /// The call.
    pub(in crate::probe) ask: &'a Ask,
    /// When the try began.
    pub(in crate::probe) began: Instant,
    /// Until when it must be connected, when others are left to try.
    pub(in crate::probe) connect_by: Option<Instant>,
    /// Until when it must be answered.
    pub(in crate::probe) deadline: Instant,
}
