//! Access logs, as `meshConfig.accessLogFile` gives them.

use dualproof_model::evidence::access_log_format;
use serde_json::{Value, json};

use super::{typed, with};

/// The log of a filter: every connection or request.
pub(crate) fn stdout_access_log() -> Value {
    json!([entry()])
}

/// The log of a listener: connections that no filter chain took.
pub(crate) fn listener_access_log() -> Value {
    json!([with(entry(), [("filter", Some(json!({ "response_flag_filter": { "flags": ["NR"] } })))])])
}

fn entry() -> Value {
    let config = json!({
        "path": "/dev/stdout",
        "log_format": { "json_format": access_log_format(), "json_format_options": {} },
    });
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", config),
    })
}
