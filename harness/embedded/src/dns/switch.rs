//! Where a user of the cluster switches faults on.

use serde_json::Value;

use super::Fault;
use crate::store::object::{name, namespace, text};
use crate::store::{Admission, Cause, Key, Kind, Refusal, State, resource};

const NAMESPACE: &str = "kube-system";
const NAME: &str = "dualproof-dns";
const PLACE: &str = "/data/faults";

/// The ConfigMap `dualproof-dns` in `kube-system`: its `faults` are one [`Fault`] a line, the first that meets a question counts. Where
/// there is none the cluster's DNS has no fault. As a rule of the store it refuses what cannot be read.
#[derive(Clone, Copy, Debug)]
pub struct Switch;

impl Switch {
    /// Where the ConfigMap is.
    #[must_use]
    pub fn key() -> Key {
        Key::new(resource::CONFIG_MAPS, NAMESPACE, NAME)
    }

    /// Reads the faults of the ConfigMap; none where there is none.
    ///
    /// # Errors
    /// The first line that is no fault, with what is known.
    pub fn read(config_map: Option<&Value>) -> Result<Vec<Fault>, String> {
        let lines = config_map.map(|config_map| text(config_map, PLACE)).unwrap_or_default().lines();
        lines.map(str::trim).filter(|line| !line.is_empty()).map(str::parse).collect()
    }
}

impl Admission for Switch {
    fn admit(&self, _: &State, kind: &Kind, _: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
        if kind.resource != resource::CONFIG_MAPS || (namespace(object), name(object)) != (NAMESPACE, NAME) {
            return Ok(());
        }
        let invalid = |why: String| {
            let faults = Value::from(text(object, PLACE));
            let causes = vec![Cause::invalid("data.faults", &faults, &why)];
            Refusal::Invalid { kind: kind.kind.clone(), name: NAME.to_owned(), causes }
        };
        Self::read(Some(object)).map(drop).map_err(invalid)
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::rr::RecordType;
    use serde_json::json;

    use super::*;
    use crate::dns::Effect;
    use crate::store::{Store, WriteOptions, builtin};

    fn stored(faults: &str) -> Result<Vec<Fault>, String> {
        let store = Store::new(builtin(), vec![Box::new(Switch)]);
        let namespace = json!({ "metadata": { "name": NAMESPACE } });
        let key = Key::new(resource::NAMESPACES, "", NAMESPACE);
        store.create(&key, namespace, &WriteOptions::default()).map_err(|refusal| refusal.to_string())?;
        let object = json!({ "metadata": { "name": NAME, "namespace": NAMESPACE }, "data": { "faults": faults } });
        store.create(&Switch::key(), object, &WriteOptions::default()).map_err(|refusal| refusal.to_string())?;
        Switch::read(store.get(&Switch::key()).ok().as_deref())
    }

    #[test]
    fn each_line_is_a_fault_and_without_the_config_map_there_is_none() -> Result<(), String> {
        assert_eq!(Switch::read(None)?, []);
        let faults = stored("AAAA servers.svc.cluster.local SERVFAIL\n\n  ANY . DROP\n")?;
        let met: Vec<_> = faults.iter().map(|fault| (fault.record, fault.effect)).collect();
        assert_eq!(met, [(Some(RecordType::AAAA), Effect::ServerFailure), (None, Effect::Drop)]);
        let name = "dual.servers.svc.cluster.local.".parse().map_err(|error| format!("{error}"))?;
        assert!(faults[0].meets(&name, RecordType::AAAA) && !faults[0].meets(&name, RecordType::A));
        assert!(faults[1].meets(&name, RecordType::A));
        Ok(())
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_what_is_known() {
        for (line, known) in [
            ("AAAA servers", "is not a record, a name and an effect"),
            ("MX . DROP", "A, AAAA or ANY"),
            ("A . BROKEN", "SERVFAIL, NXDOMAIN, NODATA or DROP"),
            ("A a..b DROP", "is no name"),
        ] {
            let said = stored(&format!("A . NODATA\n{line}"));
            assert!(said.as_ref().is_err_and(|said| said.contains(known) && said.contains("data.faults")), "{said:?}");
        }
    }
}
