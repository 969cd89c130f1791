//! The call matrix: who calls whom, by which kind of address, over which family, on which port.
//!
//! A [`Roster`] says what was deployed, [`roster()`] fills it for a scenario's matrix; [`expand`] makes its cells out of live
//! objects. No address is written down: all of them are those that the objects have.

mod axes;
mod cell;
mod expand;
mod roster;
mod target;

pub use crate::spec::{ClientKind, PortKind, ServerKind, TargetKind};
pub use axes::{Dial, bind_slug};
pub use cell::{Absent, CallCell, ServerPod, ServiceView};
pub use expand::{Expansion, Gap, expand};
pub use roster::{Called, CalledPort, Caller, Roster, roster};
