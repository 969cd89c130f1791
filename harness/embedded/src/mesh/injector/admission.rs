//! The injector as a rule of the store.

use serde_json::Value;

use super::{decide, template};
use crate::mesh::installation::Installation;
use crate::store::{Admission, Key, Kind, Refusal, State, object, resource};

/// The webhook's name, as the API server spells it in a refusal.
const WEBHOOK: &str = "namespace.sidecar-injector.istio.io";

/// Puts a sidecar into new pods while the mesh is installed. It holds nothing: what it needs to know stands in the store. It goes before
/// the rule that completes pods, so that what it adds is completed, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Injector;

impl Admission for Injector {
    fn admit(&self, state: &State, kind: &Kind, before: Option<&Value>, pod: &mut Value) -> Result<(), Refusal> {
        if kind.resource != resource::PODS || before.is_some() {
            return Ok(());
        }
        let Some(config_map) = state.get(&Installation::key()) else { return Ok(()) };
        let namespace = state.get(&Key::new(resource::NAMESPACES, "", object::namespace(pod)));
        if !decide::wants_sidecar(namespace.as_deref(), pod) {
            return Ok(());
        }
        let installation = Installation::read(Some(&config_map));
        let injected = installation.and_then(|installation| template::inject(&installation, pod));
        injected.map_err(|error| {
            Refusal::BadRequest(format!(
                "admission webhook \"{WEBHOOK}\" denied the request: {error}: {}",
                error.hint()
            ))
        })
    }
}
