//! What a run will do, decided before anything is made.

mod cell;
mod resolve;
mod select;
mod timeouts;

pub use cell::{Cell, MeshKind, ProviderKind, UnknownWord};
pub use resolve::{KnownCheck, NO_OUTSIDE, Plan, PlanError, PlannedWorkload, Skip, Trial};
pub use select::{Profiles, Selector, SelectorError};
pub use timeouts::{TimeoutError, Timeouts};
