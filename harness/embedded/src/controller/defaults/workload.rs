//! Deployments and what they make (kubernetes/kubernetes:pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation/validation.go).

use serde_json::{Value, json};

use super::field::{fill, immutable};
use super::pod;
use crate::store::object::{entry, number};
use crate::store::{Cause, Selector};

/// Completes a Deployment, and lists what is wrong with it.
pub(super) fn deployment(before: Option<&Value>, object: &mut Value) -> Vec<Cause> {
    entry(object, "spec");
    let spec = &mut object["spec"];
    fill(spec, "replicas", 1.into());
    fill(spec, "revisionHistoryLimit", 10.into());
    fill(spec, "progressDeadlineSeconds", 600.into());
    fill(spec, "strategy", json!({}));
    fill(&mut spec["strategy"], "type", "RollingUpdate".into());
    if spec["strategy"]["type"] == "RollingUpdate" {
        let strategy = &mut spec["strategy"];
        fill(strategy, "rollingUpdate", json!({}));
        fill(&mut strategy["rollingUpdate"], "maxUnavailable", "25%".into());
        fill(&mut strategy["rollingUpdate"], "maxSurge", "25%".into());
    }
    let mut causes = template(before, spec);
    causes.extend(negative_replicas(object));
    causes
}

/// Completes a ReplicaSet, and lists what is wrong with it.
pub(super) fn replica_set(before: Option<&Value>, object: &mut Value) -> Vec<Cause> {
    entry(object, "spec");
    fill(&mut object["spec"], "replicas", 1.into());
    let mut causes = template(before, &mut object["spec"]);
    causes.extend(negative_replicas(object));
    causes
}

/// Says what is wrong with the number of pods that an object wants: a Deployment, a ReplicaSet, or the scale of one
/// (also kubernetes/kubernetes:pkg/apis/autoscaling/validation/validation.go).
pub(crate) fn negative_replicas(object: &Value) -> Option<Cause> {
    let wanted = number(object, "/spec/replicas").filter(|wanted| *wanted < 0)?;
    Some(Cause::invalid("spec.replicas", &wanted.into(), "must be greater than or equal to 0"))
}

/// Completes a DaemonSet, and lists what is wrong with it.
pub(super) fn daemon_set(before: Option<&Value>, object: &mut Value) -> Vec<Cause> {
    entry(object, "spec");
    let spec = &mut object["spec"];
    fill(spec, "revisionHistoryLimit", 10.into());
    fill(
        spec,
        "updateStrategy",
        json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 0, "maxUnavailable": 1 } }),
    );
    template(before, spec)
}

fn template(before: Option<&Value>, spec: &mut Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    let selector = spec.get("selector").cloned().unwrap_or_default();
    let labels = spec.pointer("/template/metadata/labels").cloned();
    let is_empty = selector.as_object().is_none_or(serde_json::Map::is_empty);
    if is_empty {
        causes.push(Cause::required("spec.selector", ""));
    } else if !Selector::of_object(&selector).matches_labels(labels.as_ref()) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", &labels.unwrap_or_default(), why));
    }
    if let Some(before) = before
        && before["spec"]["selector"] != selector
    {
        causes.push(immutable("spec.selector", &selector));
    }
    fill(spec, "template", json!({}));
    let template = &mut spec["template"];
    fill(template, "spec", json!({}));
    pod::complete_spec(&mut template["spec"], false);
    causes.extend(pod::causes(&template["spec"], "spec.template.spec"));
    causes
}
