//! Links, addresses, routes and neighbours, over the kernel's rtnetlink.

mod change;
mod links;
mod numbers;
mod read;
mod veth;

pub use change::{Change, Route, RouteKind};
pub use links::Links;
pub use read::{Address, Interface, KnownRoute};
pub use veth::{HardwareAddress, Veth};

pub(crate) use links::{family_number, octets};
