//! IP families and addresses: the only types that may hold an IPv4 or IPv6 value.
//!
//! Every address in dualproof is an [`std::net::IpAddr`] in canonical form (IPv4-mapped IPv6 becomes IPv4), so its
//! family is always known. Text enters through [`parse_ip`] and [`HostPort`] and nowhere else.

mod address;
mod address_set;
mod ip_family;
mod order;

pub use address::{AddressError, Host, HostPort, canonical, listener_name, parse_ip, split_listener_name};
pub use address_set::AddressSet;
pub use ip_family::{IpFamily, IpFamilyError, IpFamilyPolicy, PerFamily};
pub use order::{FamilyOrder, FamilyOrderError};
