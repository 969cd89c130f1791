//! What people write: scenarios, version profiles, deviations. Strict: an unknown key is an error with its place.

mod deviation;
mod document;
mod profile;
mod scenario;
mod version;

pub use deviation::{Deviation, deviations};
pub use document::{SpecError, parse};
pub use profile::{
    EndpointShape, InfraShape, PassthroughShape, Regression, Shapes, VersionProfile, VersionRange, profile_for,
    profiles,
};
pub use scenario::{CallSpec, Claim, Client, Profile, Scenario, Server, Subject, scenario};
pub use version::{MeshVersion, MeshVersionError};
