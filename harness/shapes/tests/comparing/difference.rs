//! Every place in which two values differ.

use std::fmt;

use serde_json::Value;

use super::recording::Parts;

/// One place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    /// The recording.
    pub(crate) recording: String,
    /// `namespace/name` of the pod.
    pub(crate) proxy: String,
    /// The kind of part.
    pub(crate) kind: &'static str,
    /// The part's name.
    pub(crate) name: String,
    /// Where in the part, as a JSON pointer; empty for the whole part.
    pub(crate) path: String,
    /// What was computed; `None` for nothing.
    pub(crate) computed: Option<Value>,
    /// What was recorded; `None` for nothing.
    pub(crate) recorded: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |value: &Option<Value>| {
            value.as_ref().map_or_else(|| "nothing".to_owned(), |value| value.to_string().chars().take(300).collect())
        };
        write!(
            f,
            "{} {} {} `{}` at `{}`: computed {}, recorded {}",
            self.recording,
            self.proxy,
            self.kind,
            self.name,
            self.path,
            short(&self.computed),
            short(&self.recorded)
        )
    }
}

/// Lists all differences of one proxy.
pub(crate) fn differences(recording: &str, proxy: &str, computed: &Parts, recorded: &Parts) -> Vec<Difference> {
    let mut all = Vec::new();
    for (kind, recorded) in &recorded.kinds {
        let empty = Default::default();
        let computed = computed.kinds.get(kind).unwrap_or(&empty);
        for name in computed.keys().chain(recorded.keys().filter(|name| !computed.contains_key(*name))) {
            walk(computed.get(name), recorded.get(name), String::new(), &mut |path, computed, recorded| {
                all.push(Difference {
                    recording: recording.to_owned(),
                    proxy: proxy.to_owned(),
                    kind,
                    name: name.clone(),
                    path,
                    computed: computed.cloned(),
                    recorded: recorded.cloned(),
                });
            });
        }
    }
    all
}

type Report<'a> = dyn FnMut(String, Option<&Value>, Option<&Value>) + 'a;

fn walk(computed: Option<&Value>, recorded: Option<&Value>, path: String, report: &mut Report<'_>) {
    match (computed, recorded) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            for key in left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))) {
                walk(left.get(key), right.get(key), format!("{path}/{key}"), report);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                walk(Some(left), Some(right), format!("{path}/{index}"), report);
            }
        }
        (Some(left), Some(right)) if left == right => {}
        (left, right) => report(path, left, right),
    }
}
