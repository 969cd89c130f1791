//! Pages that are about no object.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::{groups, openapi};
use crate::api::answer;
use crate::api::request::header_text;
use crate::api::state::ApiServer;
use crate::store::Refusal;

/// The version of Kubernetes whose API this is a part of.
const VERSION: (&str, &str, &str) = ("1", "36", "v1.36.0-dualproof");

const OPENAPI_V2: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// Answers a page of discovery, version or health; `None` for another path.
pub(in crate::api) fn page(
    server: &ApiServer,
    path: &str,
    request: &Request<Body>,
) -> Option<Result<Response, Refusal>> {
    let accept = header_text(request.headers(), header::ACCEPT);
    let kinds = server.store.kinds();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let page = match parts.as_slice() {
        ["healthz" | "readyz" | "livez", ..] => return Some(Ok(answer::text("ok"))),
        // An empty document of OpenAPI v2: kubectl asks for it when it finds no version 3 of a group, and then for the kind itself.
        ["openapi", "v2"] => return Some(Ok(answer::typed(StatusCode::OK, OPENAPI_V2, ""))),
        ["version"] => version(),
        ["api"] if accept.contains("as=APIGroupDiscoveryList") => return Some(Ok(groups::aggregated(&kinds, true))),
        ["apis"] if accept.contains("as=APIGroupDiscoveryList") => return Some(Ok(groups::aggregated(&kinds, false))),
        ["api"] => json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] }),
        ["apis"] => groups::list(&kinds),
        ["apis", group] => groups::group(&kinds, group)?,
        ["api", version] => groups::resources(&kinds, "", version)?,
        ["apis", group, version] => groups::resources(&kinds, group, version)?,
        ["openapi", "v3"] => openapi::index(&kinds),
        ["openapi", "v3", "api", version] => openapi::document(&kinds, "", version)?,
        ["openapi", "v3", "apis", group, version] => openapi::document(&kinds, group, version)?,
        [] => json!({ "paths": ["/api", "/apis", "/healthz", "/openapi/v3", "/version"] }),
        _ => return None,
    };
    Some(Ok(answer::json(StatusCode::OK, &page)))
}

fn version() -> Value {
    let (major, minor, version) = VERSION;
    json!({
        "major": major, "minor": minor, "gitVersion": version, "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}
