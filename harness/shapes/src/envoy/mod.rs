//! Pieces of Envoy's configuration, spelled as its admin API prints them (snake case).

mod access_log;
mod address;
mod http;
mod source;
mod tcp;
mod tls;

pub(crate) use access_log::{listener_access_log, stdout_access_log};
pub(crate) use address::{additional, bind, socket};
pub(crate) use http::{HttpSide, connection_manager, http2_upstream, sniffed_upstream};
pub(crate) use source::ads;
pub(crate) use tcp::tcp_proxy;
pub(crate) use tls::{downstream_tls, upstream_tls};

use serde_json::{Map, Value, json};

/// Marks a message with its type and returns it.
pub(crate) fn typed(name: &str, mut message: Value) -> Value {
    if let Value::Object(fields) = &mut message {
        fields.insert("@type".to_owned(), Value::String(format!("type.googleapis.com/{name}")));
    }
    message
}

/// Makes a named extension: `{name, typed_config}`.
pub(crate) fn extension(name: &str, message: Value) -> Value {
    json!({ "name": name, "typed_config": message })
}

/// Makes an object of those fields that have a value.
pub(crate) fn fields<const N: usize>(entries: [(&str, Option<Value>); N]) -> Map<String, Value> {
    entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// Adds fields to a message; a `null` adds nothing.
pub(crate) fn with<const N: usize>(mut message: Value, entries: [(&str, Option<Value>); N]) -> Value {
    if let Value::Object(map) = &mut message {
        map.extend(fields(entries));
    }
    message
}
