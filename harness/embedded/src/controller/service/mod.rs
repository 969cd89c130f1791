//! Services at the moment of writing: families, addresses, node ports.

mod addresses;
mod admit;
mod families;
mod fields;
mod node_ports;
mod related;
mod update;

pub use admit::ServiceAdmission;
