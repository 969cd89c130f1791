//! What people write: scenarios, version profiles, deviations. Strict: an unknown key is an error with its place.

mod axes;
mod deviation;
mod document;
mod matrix;
mod profile;
mod scenario;
mod version;

pub use axes::{ClientKind, Mtls, Outbound, PortKind, ServerKind, TargetKind};
pub use deviation::{Deviation, deviations};
pub use document::{SpecError, parse};
pub use matrix::{Matrix, MatrixClient, MatrixPort, MatrixTarget};
pub use profile::{
    EndpointShape, InfraShape, PassthroughShape, Regression, Shapes, VersionProfile, VersionRange, profile_for,
    profiles,
};
pub use scenario::{CallSpec, Claim, Client, Profile, Scenario, Server, Subject, scenario};
pub use version::{MeshVersion, MeshVersionError};
