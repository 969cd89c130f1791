//! The environment of a container
//! (kubernetes/kubernetes:pkg/kubelet/kubelet_pods.go `makeEnvironmentVariables`).

use std::collections::BTreeMap;

use serde_json::Value;

use crate::store::object::{items, name, namespace, text, uid};

/// Makes the variables that a container's spec names, in their order, each with `$(NAME)` of those before it replaced. `pod` has its addresses in
/// its status.
///
/// # Errors
/// In words, for a source that this cluster does not have: nothing is guessed.
pub(in crate::node::container) fn environment(pod: &Value, container: &Value) -> Result<Vec<(String, String)>, String> {
    let mut known: Vec<(String, String)> = Vec::new();
    if !items(container, "/envFrom").is_empty() {
        return Err("envFrom is not supported by the embedded cluster".to_owned());
    }
    for variable in items(container, "/env") {
        let key = text(variable, "/name").to_owned();
        let value = match variable.get("valueFrom").filter(|from| !from.is_null()) {
            None => expand(text(variable, "/value"), &known),
            Some(from) => match from.pointer("/fieldRef/fieldPath").and_then(Value::as_str) {
                Some(path) => field(pod, path).ok_or_else(|| format!("{key}: the field {path} is not supported"))?,
                None => {
                    let kinds: Vec<&String> = from.as_object().into_iter().flat_map(|map| map.keys()).collect();
                    return Err(format!("{key}: valueFrom {kinds:?} is not supported by the embedded cluster"));
                }
            },
        };
        known.retain(|(other, _)| *other != key);
        known.push((key, value));
    }
    Ok(known)
}

/// Replaces `$(NAME)`; `$$` is a dollar, and a name that is not known stays as it is
/// (kubernetes/kubernetes:third_party/forked/golang/expansion/expand.go).
pub(in crate::node::container) fn expand(words: &str, known: &[(String, String)]) -> String {
    let mut expanded = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = behind;
        } else if let Some((name, behind)) = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
            match known.iter().find(|(key, _)| key == name) {
                Some((_, value)) => expanded.push_str(value),
                None => expanded.push_str(&format!("$({name})")),
            }
            rest = behind;
        } else {
            expanded.push('$');
        }
    }
    expanded + rest
}

/// Reads a field of the downward API; `None` for one that there is not. A label or annotation that the pod does not have is empty.
fn field(pod: &Value, path: &str) -> Option<String> {
    let own = |map: &str, key: &str| {
        let entries: BTreeMap<String, String> = crate::store::object::texts(pod, &format!("/metadata/{map}"));
        entries.get(key).cloned().unwrap_or_default()
    };
    let addresses = |pointer: &str| {
        items(pod, pointer).iter().map(|address| text(address, "/ip").to_owned()).collect::<Vec<_>>().join(",")
    };
    if let Some((map, key)) = path.strip_prefix("metadata.").and_then(|rest| rest.split_once("['")) {
        let key = key.strip_suffix("']")?;
        return matches!(map, "labels" | "annotations").then(|| own(map, key));
    }
    Some(match path {
        "metadata.name" => name(pod).to_owned(),
        "metadata.namespace" => namespace(pod).to_owned(),
        "metadata.uid" => uid(pod).to_owned(),
        "spec.nodeName" => text(pod, "/spec/nodeName").to_owned(),
        "spec.serviceAccountName" => text(pod, "/spec/serviceAccountName").to_owned(),
        "status.podIP" => text(pod, "/status/podIP").to_owned(),
        "status.hostIP" => text(pod, "/status/hostIP").to_owned(),
        "status.podIPs" => addresses("/status/podIPs"),
        "status.hostIPs" => addresses("/status/hostIPs"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_and_earlier_variables_are_filled_in() {
        let pod = json!({
            "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"a.b/c": "label"}},
            "spec": {"nodeName": "node", "serviceAccountName": "account"},
            "status": {"podIP": "fd00::1", "podIPs": [{"ip": "fd00::1"}, {"ip": "10.0.0.1"}]},
        });
        let from = |path: &str| json!({"name": path, "valueFrom": {"fieldRef": {"fieldPath": path}}});
        let container = json!({"env": [
            from("metadata.labels['a.b/c']"), from("metadata.annotations['none']"), from("status.podIPs"), from("spec.nodeName"),
            {"name": "A", "value": "$(spec.nodeName)-$(B)-$$(A)-$"}, {"name": "B"}, {"name": "A", "value": "$(A)$(B)!"},
        ]});
        let made = environment(&pod, &container);
        let expected = [
            ("metadata.labels['a.b/c']", "label"),
            ("metadata.annotations['none']", ""),
            ("status.podIPs", "fd00::1,10.0.0.1"),
            ("spec.nodeName", "node"),
            ("B", ""),
            ("A", "node-$(B)-$(A)-$!"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        assert_eq!(made, Ok(expected));
    }

    #[test]
    fn what_is_not_known_is_said_and_not_guessed() {
        for from in
            [json!({"fieldRef": {"fieldPath": "spec.nothing"}}), json!({"secretKeyRef": {"name": "s", "key": "k"}})]
        {
            let told = environment(&json!({}), &json!({"env": [{"name": "A", "valueFrom": from}]}));
            assert!(told.as_ref().is_err_and(|why| why.starts_with("A: ")), "{told:?}");
        }
        assert!(environment(&json!({}), &json!({"envFrom": [{"configMapRef": {"name": "c"}}]})).is_err());
    }
}
